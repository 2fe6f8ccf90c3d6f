-- R-MATCH: the events that the close must look at one by one: those that charges measure by the event, those whose metric
-- only the event can judge, and those that a line contests or retracts. All others are in the hourly cells.
-- Grain: one row per (file_hash, line_number).

with

named_events as (
    select
        batch_number,
        file_hash,
        line_number,
        event_key,
        transaction_id,
        code,
        event_at,
        quantity,
        properties,
        precise_total_amount_cents,
        external_subscription_id,
        is_ambiguous,
        is_contested,
        is_owner,
        is_pure_retraction
    from {{ ref('int_metering__named_events') }}
),

metric_terms as (
    select metric_code, needs_events, is_judged_by_event from {{ ref('int_metering__metric_terms') }}
),

needed as (
    select
        external_subscription_id,
        metric_code,
        min(case when is_recurring then timestamp '1970-01-01 00:00:00' else period_starts_at end) as needed_from,
        max(measured_until_at) as needed_until
    from {{ ref('int_metering__billable_charges') }}
    where needs_events
    group by external_subscription_id, metric_code
),

retracted_events as (select distinct file_hash, line_number from {{ ref('stg_landing__retracted_events') }}),

candidates as (
    select
        named_events.batch_number,
        named_events.file_hash,
        named_events.line_number,
        named_events.event_key,
        named_events.transaction_id,
        named_events.code,
        named_events.event_at,
        named_events.quantity,
        named_events.properties,
        named_events.precise_total_amount_cents,
        named_events.external_subscription_id,
        named_events.is_ambiguous,
        named_events.is_contested,
        named_events.is_owner,
        named_events.is_pure_retraction,
        metric_terms.metric_code
    from named_events
    left join metric_terms on named_events.code = metric_terms.metric_code
    left join needed
        on
            named_events.external_subscription_id = needed.external_subscription_id
            and named_events.code = needed.metric_code
    left join retracted_events
        on
            named_events.file_hash = retracted_events.file_hash
            and named_events.line_number = retracted_events.line_number
    where
        named_events.is_contested
        or retracted_events.file_hash is not null
        or metric_terms.is_judged_by_event
        or (named_events.event_at >= needed.needed_from and named_events.event_at < needed.needed_until)
)

select * from candidates
