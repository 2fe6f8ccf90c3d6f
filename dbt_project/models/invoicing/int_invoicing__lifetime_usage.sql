-- R-PROGRESSIVE: the usage that is billed of each external id whose newest open plan has thresholds: what was used before its
-- first row, what is billed, and what stands on progressive invoices of open periods.
-- Grain: one row per subscription_id, of the subscription whose thresholds count.

with

subscriptions as (
    select
        subscription_id,
        plan_code,
        customer_id || '/' || external_subscription_id as user_key,
        first_value(lifetime_usage_amount) over (
            partition by customer_id, external_subscription_id
            order by started_at, row_number
        ) as opening_amount
    from {{ ref('stg_catalog__subscriptions') }}
),

counting as (
    select distinct threshold_subscription_id as subscription_id from {{ ref('fct_open_periods') }}
    where is_progressive
),

lifetime_fees as (select subscription_id, amount, is_outstanding from {{ ref('int_invoicing__lifetime_fees') }}),

billed as (
    select
        subscriptions.user_key,
        sum(case when lifetime_fees.is_outstanding then 0 else lifetime_fees.amount end) as amount,
        sum(case when lifetime_fees.is_outstanding then lifetime_fees.amount else 0 end) as outstanding_amount
    from lifetime_fees
    inner join subscriptions on lifetime_fees.subscription_id = subscriptions.subscription_id
    group by subscriptions.user_key
),

lifetime_usage as (
    select
        subscriptions.subscription_id,
        subscriptions.plan_code,
        cast(subscriptions.opening_amount + coalesce(billed.amount, 0) as decimal(20, 4)) as billed_amount,
        cast(coalesce(billed.outstanding_amount, 0) as decimal(20, 4)) as outstanding_amount
    from counting
    inner join subscriptions on counting.subscription_id = subscriptions.subscription_id
    left join billed on subscriptions.user_key = billed.user_key
)

select * from lifetime_usage
