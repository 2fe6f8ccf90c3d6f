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
        step_number,
        cast(event_key as varchar) as event_key,
        transaction_id,
        event_at,
        days_left
    from {{ ref('int_metering__stepped_events') }}
    where is_pay_in_advance and not is_before_period
),

steps as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        is_pay_in_advance,
        cast(0 as bigint) as step_number,
        cast(null as varchar) as event_key,
        cast(null as varchar) as transaction_id,
        cast(null as timestamp) as event_at,
        period_days as days_left,
        true as is_before_segment,
        is_start_a_point as can_be_point
    from tuples
    union all
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        is_pay_in_advance,
        cast(1 as bigint) as step_number,
        cast(null as varchar) as event_key,
        cast(null as varchar) as transaction_id,
        cast(null as timestamp) as event_at,
        period_days as days_left,
        false as is_before_segment,
        true as can_be_point
    from tuples
    where not is_pay_in_advance
    union all
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        true as is_pay_in_advance,
        step_number,
        event_key,
        transaction_id,
        event_at,
        days_left,
        event_at < segment_starts_at as is_before_segment,
        true as can_be_point
    from events_in_advance
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
        case when not is_before_segment then event_at end as event_at,
        days_left
    from numbered
)

select * from pointed
