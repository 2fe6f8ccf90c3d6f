-- R-MAX: the greatest value of the events through each step.
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
        event_value
    from {{ ref('int_metering__stepped_events') }}
    where aggregation_type = 'max'
),

greatest_per_step as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        count(*) as event_count,
        max(event_value) as quantity
    from stepped_events
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
        cast(max(quantity) over so_far as decimal(38, 9)) as quantity,
        cast(null as decimal(38, 9)) as prorated_numerator,
        cast(null as decimal(38, 21)) as given_amount_unrounded
    from greatest_per_step
    window so_far as (
        partition by subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at
        order by step_number
        rows between unbounded preceding and current row
    )
)

select * from through_each_step
