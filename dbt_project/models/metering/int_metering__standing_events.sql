-- R-AGG: the single events that charges measure: those that stand, that an active subscription had, and that have a value.
-- Grain: one row per event_key.

with

valued_events as (
    select
        batch_number,
        file_hash,
        line_number,
        event_key,
        transaction_id,
        external_subscription_id,
        metric_code,
        event_at,
        properties,
        precise_total_amount_cents,
        event_value,
        value_text,
        operation_type
    from {{ ref('int_metering__valued_events') }}
    where fault is null and metric_code is not null and not is_pure_retraction
),

contested_choices as (
    select file_hash, line_number, stands from {{ ref('int_metering__contested_choices') }}
),

retracted_keys as (select event_key from {{ ref('int_metering__retracted_keys') }}),

subscriptions as (
    select external_subscription_id, started_at, ended_at from {{ ref('dim_subscriptions') }}
),

standing as (
    select
        valued_events.batch_number,
        valued_events.file_hash,
        valued_events.line_number,
        valued_events.event_key,
        valued_events.transaction_id,
        valued_events.external_subscription_id,
        valued_events.metric_code,
        valued_events.event_at,
        valued_events.properties,
        valued_events.precise_total_amount_cents,
        valued_events.event_value,
        valued_events.value_text,
        valued_events.operation_type
    from valued_events
    inner join subscriptions
        on
            valued_events.external_subscription_id = subscriptions.external_subscription_id
            and valued_events.event_at >= subscriptions.started_at
            and valued_events.event_at < subscriptions.ended_at
    left join contested_choices
        on
            valued_events.file_hash = contested_choices.file_hash
            and valued_events.line_number = contested_choices.line_number
    left join retracted_keys on valued_events.event_key = retracted_keys.event_key
    where coalesce(contested_choices.stands, true) and retracted_keys.event_key is null
)

select * from standing
