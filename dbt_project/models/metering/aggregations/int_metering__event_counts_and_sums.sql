-- R-AGG: the number of events, or the sum of their values, through each step; a prorated sum's unit-days beside it, and the
-- amount that came with the events.
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
        event_value,
        days_left,
        is_before_period,
        precise_total_amount_cents
    from {{ ref('int_metering__stepped_events') }}
    where aggregation_type in ('count', 'sum')
),

added_per_step as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        sum(case when is_before_period then 0 else 1 end) as event_count,
        sum(event_value) as quantity,
        sum(event_value * cast(days_left as decimal(10, 0))) as unit_days,
        sum(precise_total_amount_cents) as given_cents
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
        cast(sum(quantity) over so_far as decimal(38, 9)) as quantity,
        cast(sum(unit_days) over so_far as decimal(38, 9)) as prorated_numerator,
        sum(given_cents) over so_far as given_cents
    from added_per_step
    window so_far as (
        partition by subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at
        order by step_number
        rows between unbounded preceding and current row
    )
),

in_currency_units as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        event_count,
        quantity,
        prorated_numerator,
        case
            when given_cents is not null
                then {{ value_or_error(
                    null_on_overflow("cast(given_cents * cast('0.01' as decimal(3, 2)) as decimal(38, 21))"),
                    amount_fault('charge_code', 'subscription_id'),
                    'decimal(38, 21)'
                ) }}
        end as given_amount_unrounded
    from through_each_step
)

select * from in_currency_units
