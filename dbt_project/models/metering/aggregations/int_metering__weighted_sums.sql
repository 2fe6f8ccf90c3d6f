-- R-WEIGHTED: the running value x the time for which it is held, divided by the time of the whole calendar period.
-- An event's value is held from the event (from the period's start, if it was carried over) to the instant that is measured.
-- In advance that is the period's end: what is known at the event, held until then.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, step_number).

with

weighted_charges as (
    select
        subscription_id,
        charge_code,
        period_starts_at,
        period_ends_at,
        segment_starts_at,
        measured_until_at,
        whole_period_starts_at,
        whole_period_ends_at,
        is_pay_in_advance
    from {{ ref('int_metering__billable_charges') }}
    where needs_events and aggregation_type = 'weighted_sum'
),

steps as (
    select subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, step_number
    from {{ ref('int_metering__charge_steps') }}
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
        sum(event_value) as value_sum,
        -- Value x the part of the period that had gone when it came.
        sum(
            case
                when event_at <= period_starts_at then 0
                else event_value * cast({{ microseconds_between('period_starts_at', 'event_at') }} as decimal(14, 0))
            end
        ) as value_missed
    from {{ ref('int_metering__stepped_events') }}
    where aggregation_type = 'weighted_sum'
    group by
        subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, step_number
),

through_each_step as (
    select
        steps.subscription_id,
        steps.charge_code,
        steps.filter_code,
        steps.group_key,
        steps.period_starts_at,
        steps.segment_starts_at,
        steps.step_number,
        cast(coalesce(sum(added_per_step.event_count) over so_far, 0) as bigint) as event_count,
        cast(coalesce(sum(added_per_step.value_sum) over so_far, 0) as decimal(38, 9)) as value_sum,
        cast(coalesce(sum(added_per_step.value_missed) over so_far, 0) as decimal(38, 9)) as value_missed,
        {{ microseconds_between('weighted_charges.whole_period_starts_at', 'weighted_charges.whole_period_ends_at') }}
            as whole_microseconds,
        case
            when weighted_charges.is_pay_in_advance
                then {{ microseconds_between('weighted_charges.period_starts_at', 'weighted_charges.period_ends_at') }}
            when steps.step_number = 0
                then {{ microseconds_between('weighted_charges.period_starts_at', 'steps.segment_starts_at') }}
            else {{ microseconds_between('weighted_charges.period_starts_at', 'weighted_charges.measured_until_at') }}
        end as measured_microseconds
    from steps
    inner join weighted_charges
        on
            steps.subscription_id = weighted_charges.subscription_id
            and steps.charge_code = weighted_charges.charge_code
            and steps.period_starts_at = weighted_charges.period_starts_at
            and steps.segment_starts_at = weighted_charges.segment_starts_at
    left join added_per_step
        on
            steps.subscription_id = added_per_step.subscription_id
            and steps.charge_code = added_per_step.charge_code
            and steps.filter_code is not distinct from added_per_step.filter_code
            and steps.group_key is not distinct from added_per_step.group_key
            and steps.period_starts_at = added_per_step.period_starts_at
            and steps.segment_starts_at = added_per_step.segment_starts_at
            and steps.step_number = added_per_step.step_number
    window so_far as (
        partition by
            steps.subscription_id,
            steps.charge_code,
            steps.filter_code,
            steps.group_key,
            steps.period_starts_at,
            steps.segment_starts_at
        order by steps.step_number
        rows between unbounded preceding and current row
    )
),

held as (
    select
        *,
        value_sum * cast(measured_microseconds as decimal(14, 0)) - value_missed as held_value
    from through_each_step
),

weighted as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        event_count,
        {{ round_units('held_value', 'whole_microseconds', "'round'", '9') }} as quantity,
        cast(null as decimal(38, 9)) as prorated_numerator,
        cast(null as decimal(38, 21)) as given_amount_unrounded
    from held
)

select * from weighted
