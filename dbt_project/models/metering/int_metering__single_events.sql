-- R-MATCH: the events that may matter one by one: those of metrics that need them, and those that lines contest or retract.
-- Usage of all other metrics is never read event by event, however much there is of it.
-- Grain: one row per (file_hash, line_number).

with

metric_terms as (
    select metric_code from {{ ref('int_metering__metric_terms') }}
    where needs_events or is_judged_by_event
),

contested_events as (
    select
        event_batch_number,
        file_hash,
        line_number,
        event_key,
        transaction_id,
        external_subscription_id,
        external_customer_id,
        code,
        event_at,
        quantity,
        properties,
        precise_total_amount_cents,
        is_owner,
        retracts_transaction_id is not null as is_pure_retraction
    from {{ ref('stg_landing__contested_events') }}
),

retracted_events as (
    select distinct
        event_batch_number as batch_number,
        file_hash,
        line_number,
        event_key,
        transaction_id,
        external_subscription_id,
        external_customer_id,
        code,
        event_at,
        quantity,
        properties,
        precise_total_amount_cents
    from {{ ref('stg_landing__retracted_events') }}
),

accepted_events as (
    select
        events.batch_number,
        events.file_hash,
        events.line_number,
        events.event_key,
        events.transaction_id,
        events.external_subscription_id,
        events.external_customer_id,
        events.code,
        events.event_at,
        events.quantity,
        events.properties,
        events.precise_total_amount_cents
    from {{ ref('stg_landing__events') }} as events
    inner join metric_terms on events.code = metric_terms.metric_code
    union
    select
        batch_number,
        file_hash,
        line_number,
        event_key,
        transaction_id,
        external_subscription_id,
        external_customer_id,
        code,
        event_at,
        quantity,
        properties,
        precise_total_amount_cents
    from retracted_events
),

single_events as (
    select
        accepted_events.batch_number,
        accepted_events.file_hash,
        accepted_events.line_number,
        accepted_events.event_key,
        accepted_events.transaction_id,
        accepted_events.external_subscription_id,
        accepted_events.external_customer_id,
        accepted_events.code,
        accepted_events.event_at,
        accepted_events.quantity,
        accepted_events.properties,
        accepted_events.precise_total_amount_cents,
        false as is_contested,
        true as is_owner,
        false as is_pure_retraction
    from accepted_events
    left join contested_events
        on
            accepted_events.file_hash = contested_events.file_hash
            and accepted_events.line_number = contested_events.line_number
    where contested_events.file_hash is null
    union all
    select
        event_batch_number as batch_number,
        file_hash,
        line_number,
        event_key,
        transaction_id,
        external_subscription_id,
        external_customer_id,
        code,
        event_at,
        quantity,
        properties,
        precise_total_amount_cents,
        true as is_contested,
        is_owner,
        is_pure_retraction
    from contested_events
)

select * from single_events
