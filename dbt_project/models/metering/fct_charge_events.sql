-- R-AGG: the events that each charge measures, as rating reads them.
-- Grain: one row per (subscription_id, charge_code, period_starts_at, segment_starts_at, event_key).

with

charge_events as (
    select
        subscription_id,
        charge_code,
        charge_row_number,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        event_key,
        transaction_id,
        event_at,
        event_number,
        event_value,
        value_text,
        operation_type,
        local_date,
        days_left,
        is_before_period,
        precise_total_amount_cents,
        properties
    from {{ ref('int_metering__charge_events') }}
)

select * from charge_events
