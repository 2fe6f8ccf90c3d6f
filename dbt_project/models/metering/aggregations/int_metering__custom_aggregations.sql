-- R-CUSTOM: quantity and amount through each step as the custom aggregations give them, one model each, named by a variable.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, step_number).

with

custom_events as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        is_before_period
    from {{ ref('int_metering__custom_events') }}
),

given as (
    {% for name in var('custom_aggregations') -%}
        select
            subscription_id,
            charge_code,
            filter_code,
            group_key,
            period_starts_at,
            segment_starts_at,
            step_number,
            quantity,
            amount_unrounded
        from {{ ref('int_metering__' ~ name) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

counted_per_step as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        sum(case when is_before_period then 0 else 1 end) as event_count
    from custom_events
    group by
        subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, step_number
),

-- A custom model that leaves out a step is not taken for 0: its quantity is missing, which the next step's contract refuses.
through_each_step as (
    select
        counted_per_step.subscription_id,
        counted_per_step.charge_code,
        counted_per_step.filter_code,
        counted_per_step.group_key,
        counted_per_step.period_starts_at,
        counted_per_step.segment_starts_at,
        counted_per_step.step_number,
        cast(
            sum(counted_per_step.event_count) over (
                partition by
                    counted_per_step.subscription_id,
                    counted_per_step.charge_code,
                    counted_per_step.filter_code,
                    counted_per_step.group_key,
                    counted_per_step.period_starts_at,
                    counted_per_step.segment_starts_at
                order by counted_per_step.step_number
                rows between unbounded preceding and current row
            ) as bigint
        ) as event_count,
        cast(given.quantity as decimal(38, 9)) as quantity,
        cast(null as decimal(38, 9)) as prorated_numerator,
        cast(given.amount_unrounded as decimal(38, 21)) as given_amount_unrounded
    from counted_per_step
    left join given
        on
            counted_per_step.subscription_id = given.subscription_id
            and counted_per_step.charge_code = given.charge_code
            and counted_per_step.filter_code is not distinct from given.filter_code
            and counted_per_step.group_key is not distinct from given.group_key
            and counted_per_step.period_starts_at = given.period_starts_at
            and counted_per_step.segment_starts_at = given.segment_starts_at
            and counted_per_step.step_number = given.step_number
)

select * from through_each_step
