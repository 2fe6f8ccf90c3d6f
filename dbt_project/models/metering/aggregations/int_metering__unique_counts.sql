-- R-UNIQUE: how many values are present through each step, and on how many days of the period they are.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, step_number).

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
        is_before_period
    from {{ ref('int_metering__stepped_events') }}
    where aggregation_type = 'unique_count'
),

presence_changes as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        unit_change,
        day_change
    from {{ ref('int_metering__presence_changes') }}
),

seen_or_changed as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        case when is_before_period then 0 else 1 end as event_count,
        0 as unit_change,
        0 as day_change
    from stepped_events
    union all
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        0 as event_count,
        unit_change,
        day_change
    from presence_changes
),

per_step as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        sum(event_count) as event_count,
        sum(unit_change) as unit_change,
        sum(day_change) as day_change
    from seen_or_changed
    group by
        subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, step_number
),

through_each_step as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        cast(sum(event_count) over so_far as bigint) as event_count,
        cast(sum(unit_change) over so_far as decimal(38, 9)) as quantity,
        cast(sum(day_change) over so_far as decimal(38, 9)) as prorated_numerator,
        cast(null as decimal(38, 21)) as given_amount_unrounded
    from per_step
    window so_far as (
        partition by subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at
        order by step_number
        rows between unbounded preceding and current row
    )
)

select * from through_each_step
