-- R-PROGRESSIVE: the thresholds that lifetime usage passes at this close: those above what is billed, progressive invoices
-- included, and not above what is used. A recurring one is a step above the largest other, passed at each of its multiples.
-- Grain: one row per (subscription_id, threshold_row_number).

with

lifetime_usage as (
    select subscription_id, plan_code, billed_amount, outstanding_amount
    from {{ ref('int_invoicing__lifetime_usage') }}
),

so_far as (
    select
        threshold_subscription_id,
        sum(amount) as amount
    from {{ ref('int_invoicing__fees_so_far') }}
    group by threshold_subscription_id
),

thresholds as (
    select
        row_number,
        plan_code,
        threshold_amount,
        is_recurring,
        coalesce(
            max(case when not is_recurring then threshold_amount end) over (partition by plan_code),
            cast(0 as decimal(20, 4))
        ) as largest_amount
    from {{ ref('stg_catalog__usage_thresholds') }}
),

compared as (
    select
        lifetime_usage.subscription_id,
        thresholds.row_number as threshold_row_number,
        thresholds.threshold_amount,
        thresholds.is_recurring,
        cast(lifetime_usage.billed_amount + lifetime_usage.outstanding_amount as decimal(20, 4)) as before_amount,
        cast(lifetime_usage.billed_amount + so_far.amount as decimal(20, 4)) as after_amount,
        thresholds.largest_amount
    from lifetime_usage
    inner join so_far on lifetime_usage.subscription_id = so_far.threshold_subscription_id
    inner join thresholds on lifetime_usage.plan_code = thresholds.plan_code
),

counted as (
    select
        compared.*,
        cast({{ floored_quotient(
            as_integer('greatest(before_amount - largest_amount, 0)', 4), as_integer('threshold_amount', 4)
        ) }} as decimal(18, 0)) as steps_before,
        cast({{ floored_quotient(
            as_integer('greatest(after_amount - largest_amount, 0)', 4), as_integer('threshold_amount', 4)
        ) }} as decimal(18, 0)) as steps_after
    from compared
),

passed as (
    select
        subscription_id,
        threshold_row_number,
        cast(
            case when is_recurring then largest_amount + threshold_amount * steps_after else threshold_amount end
            as decimal(20, 4)
        ) as passed_amount,
        before_amount,
        after_amount
    from counted
    where
        (is_recurring and steps_before < steps_after)
        or (not is_recurring and before_amount < threshold_amount and threshold_amount <= after_amount)
)

select * from passed
