-- R-AGG: the daily usage of a subscription and metric adds up to the quantities that were billed for it.
-- Grain: one row per (subscription_id, metric_code) whose sums differ.

with

billed as (
    select
        subscription_id,
        metric_code,
        charge_code,
        sum(quantity) as quantity
    from {{ ref('fct_usage_quantities') }}
    group by subscription_id, metric_code, charge_code
),

daily as (
    select
        subscription_id,
        metric_code,
        sum(quantity) as quantity
    from {{ ref('fct_usage_daily') }}
    group by subscription_id, metric_code
)

select
    billed.subscription_id,
    billed.metric_code,
    billed.charge_code,
    billed.quantity as billed_quantity,
    daily.quantity as daily_quantity
from billed
left join daily on billed.subscription_id = daily.subscription_id and billed.metric_code = daily.metric_code
where billed.quantity <> coalesce(daily.quantity, 0)
