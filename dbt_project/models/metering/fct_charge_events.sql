-- R-AGG: the events that each charge measures, as rating reads them.
-- Grain: one row per (subscription_id, charge_code, period_starts_at, segment_starts_at, event_key).

with

charge_events as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        event_key,
        event_number,
        event_value,
        value_text,
        operation_type,
        days_left,
        is_before_period
    from {{ ref('int_metering__charge_events') }}
)

select * from charge_events
