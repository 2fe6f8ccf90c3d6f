-- R-MARK: the exact quantity at each step and what is priced of it: in arrears the same, in advance the highest so far.
-- A step without events is where the step before it left off. In advance each rise of the mark counts for the days left of
-- the event that raises it, and what was carried over for the whole period.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, step_number).

with

steps as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        is_pay_in_advance,
        step_number,
        point_number,
        event_key,
        transaction_id,
        days_left
    from {{ ref('int_metering__charge_steps') }}
),

aggregates as (
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
        given_amount_unrounded,
        true as has_events
    from {{ ref('int_metering__step_aggregates') }}
),

carried_on as (
    select
        steps.*,
        case
            when aggregates.has_events then aggregates.event_count
            else coalesce(lag(aggregates.event_count) over each_step, 0)
        end as event_count,
        case
            when aggregates.has_events then aggregates.quantity
            else coalesce(lag(aggregates.quantity) over each_step, 0)
        end as quantity,
        case
            when aggregates.has_events then aggregates.prorated_numerator
            else coalesce(lag(aggregates.prorated_numerator) over each_step, 0)
        end as prorated_numerator,
        case
            when aggregates.has_events then aggregates.given_amount_unrounded
            else coalesce(lag(aggregates.given_amount_unrounded) over each_step, 0)
        end as given_amount_unrounded
    from steps
    left join aggregates
        on
            steps.subscription_id = aggregates.subscription_id
            and steps.charge_code = aggregates.charge_code
            and steps.filter_code is not distinct from aggregates.filter_code
            and steps.group_key is not distinct from aggregates.group_key
            and steps.period_starts_at = aggregates.period_starts_at
            and steps.segment_starts_at = aggregates.segment_starts_at
            and steps.step_number = aggregates.step_number
    window each_step as (
        partition by
            steps.subscription_id,
            steps.charge_code,
            steps.filter_code,
            steps.group_key,
            steps.period_starts_at,
            steps.segment_starts_at
        order by steps.step_number
    )
),

marked as (
    select
        *,
        case when is_pay_in_advance then greatest(max(quantity) over so_far, 0) else quantity end as rated_quantity
    from carried_on
    window so_far as (
        partition by subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at
        order by step_number
        rows between unbounded preceding and current row
    )
),

raised as (
    select
        *,
        rated_quantity - lag(rated_quantity, 1, cast(0 as decimal(38, 9))) over each_step as rise
    from marked
    window each_step as (
        partition by subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at
        order by step_number
    )
),

counted as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        point_number,
        event_key,
        transaction_id,
        event_count,
        quantity,
        rated_quantity,
        case
            when is_pay_in_advance then sum(rise * cast(days_left as decimal(10, 0))) over so_far
            else prorated_numerator
        end as prorated_numerator,
        given_amount_unrounded
    from raised
    window so_far as (
        partition by subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at
        order by step_number
        rows between unbounded preceding and current row
    )
)

select * from counted
