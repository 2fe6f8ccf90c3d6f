-- R-STEP: the steps through which a charge's usage is measured, and which of them are points that are priced.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, step_number).

with

tuples as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        is_pay_in_advance,
        period_days,
        is_start_a_point
    from {{ ref('int_metering__charge_tuples') }}
),

events_in_advance as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        is_pay_in_advance,
        step_number,
        cast(event_key as varchar) as event_key,
        transaction_id,
        days_left,
        event_at < segment_starts_at as is_before_segment,
        true as can_be_point
    from {{ ref('int_metering__stepped_events') }}
    where is_pay_in_advance and not is_before_period
),

-- Step 0 is what there is before; in arrears step 1 is the segment's end.
steps as (
    select
        tuples.subscription_id,
        tuples.charge_code,
        tuples.filter_code,
        tuples.group_key,
        tuples.period_starts_at,
        tuples.segment_starts_at,
        tuples.is_pay_in_advance,
        numbers.step_number,
        cast(null as varchar) as event_key,
        cast(null as varchar) as transaction_id,
        tuples.period_days as days_left,
        numbers.step_number = 0 as is_before_segment,
        numbers.step_number = 1 or tuples.is_start_a_point as can_be_point
    from tuples
    inner join range(0, 2) as numbers (step_number) on numbers.step_number = 0 or not tuples.is_pay_in_advance
    union all
    select * from events_in_advance
),

numbered as (
    select
        *,
        row_number() over on_one_side as number_on_its_side,
        lead(step_number) over on_one_side is null as is_last_on_its_side
    from steps
    window on_one_side as (
        partition by
            subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, is_before_segment
        order by step_number
    )
),

pointed as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        is_pay_in_advance,
        step_number,
        -- Of the steps before the segment the last one shows what they come to.
        cast(
            case
                when not is_before_segment then number_on_its_side
                when is_last_on_its_side and can_be_point then 0
            end as bigint
        ) as point_number,
        case when not is_before_segment then event_key end as event_key,
        case when not is_before_segment then transaction_id end as transaction_id,
        days_left
    from numbered
)

select * from pointed
