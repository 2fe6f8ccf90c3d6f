-- R-COUPON: the coupons in force on the close date, in the order in which they discount: those limited to metrics, those limited
-- to plans, all others; then by age. A coupon gives in slots: its whole amount once, or an amount or rate for each billing period
-- or invoice; slots left is NULL where their number has no end.
-- Grain: one row per applied_coupon_id.

with

running as (select close_date from {{ ref('stg_control__run') }}),

applied_coupons as (select * from {{ ref('stg_catalog__applied_coupons') }}),

targets as (
    select
        coupon_code,
        count(metric_code) as metric_count,
        count(*) as target_count
    from {{ ref('stg_catalog__coupon_targets') }}
    group by coupon_code
),

used_slots as (
    select
        applied_coupon_id,
        count(distinct slot) as slot_count
    from {{ ref('stg_issued__coupon_uses') }}
    group by applied_coupon_id
),

in_force as (
    select
        applied_coupons.*,
        coalesce(targets.target_count, 0) > 0 as is_limited,
        case
            when targets.metric_count > 0 then 1
            when targets.target_count > 0 then 2
            else 3
        end as limit_rank,
        case
            when applied_coupons.frequency = 'once' and applied_coupons.coupon_type = 'fixed' then 'coupon'
            when applied_coupons.frequency = 'once' or applied_coupons.is_per_invoice then 'invoice'
            else 'period'
        end as slot_kind,
        case
            when applied_coupons.frequency = 'recurring' then applied_coupons.frequency_duration
            when applied_coupons.frequency = 'once' and applied_coupons.coupon_type = 'percentage' then 1
        end - applied_coupons.used_periods - coalesce(used_slots.slot_count, 0) as slots_left
    from applied_coupons
    cross join running
    left join targets on applied_coupons.coupon_code = targets.coupon_code
    left join used_slots on applied_coupons.applied_coupon_id = used_slots.applied_coupon_id
    where
        applied_coupons.applied_on <= running.close_date
        and (running.close_date < applied_coupons.ends_on or applied_coupons.ends_on is null)
),

ranked as (
    select
        applied_coupon_id,
        coupon_code,
        coupon_name,
        customer_id,
        cast(
            row_number() over (
                partition by customer_id
                order by limit_rank, applied_on, row_number
            ) as integer
        ) as coupon_rank,
        is_limited,
        currency,
        rate_percent,
        slot_kind,
        cast(amount - used_amount as decimal(20, 4)) as slot_amount,
        cast(slots_left as integer) as slots_left
    from in_force
)

select * from ranked
