-- R-PRESENT: the events that change which values are present: an add where the value is absent, a remove where it is present.
-- A value's days run from the day of its add to that of its remove, both counted, and a day counts once: so an add counts
-- its days to the period's end, after the day of a remove before it, and a remove takes back those after its own day.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, event_number).

with

stepped_events as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        event_number,
        value_text,
        operation_type,
        -- What was carried over is present from the period's first day, or ended on the day before it.
        case
            when not is_before_period then days_left
            when operation_type = 'remove' then days + 1
            else days
        end as days_left
    from {{ ref('int_metering__stepped_events') }}
    where aggregation_type = 'unique_count'
),

with_the_operation_before as (
    select
        *,
        lag(operation_type, 1, 'remove') over (
            partition by
                subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, value_text
            order by event_number
        ) as operation_before
    from stepped_events
),

changes as (
    select
        *,
        lag(days_left) over (
            partition by
                subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, value_text
            order by event_number
        ) as days_left_before
    from with_the_operation_before
    -- After an add a value is present and after a remove it is absent, whether they changed anything or not.
    where operation_type <> operation_before
),

counted as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        event_number,
        step_number,
        value_text,
        case when operation_type = 'add' then 1 else -1 end as unit_change,
        case
            when operation_type = 'remove' then 1 - greatest(days_left, 1)
            when days_left_before is null then days_left
            else least(days_left, greatest(days_left_before, 1) - 1)
        end as day_change
    from changes
)

select * from counted
