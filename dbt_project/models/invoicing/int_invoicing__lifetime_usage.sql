-- R-PROGRESSIVE: the usage that is billed, in one currency, of each external id whose newest open plan has thresholds: what was
-- used before its first subscription began, what is billed, and what stands on progressive invoices of open periods.
-- Grain: one row per subscription_id, of the subscription whose thresholds count.

with

begun as (select subscription_id, currency from {{ ref('dim_subscriptions') }}),

requests as (
    select
        requests.subscription_id,
        requests.plan_code,
        requests.customer_id || '/' || requests.external_subscription_id as user_key,
        begun.currency,
        first_value(requests.lifetime_usage_amount) over (
            partition by requests.customer_id, requests.external_subscription_id
            order by requests.started_at, requests.row_number
        ) as opening_amount,
        first_value(begun.currency) over (
            partition by requests.customer_id, requests.external_subscription_id
            order by case when begun.currency is null then 1 else 0 end, requests.started_at, requests.row_number
        ) as opening_currency
    from {{ ref('stg_catalog__subscriptions') }} as requests
    left join begun on requests.subscription_id = begun.subscription_id
),

subscriptions as (
    select
        subscription_id,
        plan_code,
        user_key,
        currency,
        case when currency = opening_currency then opening_amount else 0 end as opening_amount
    from requests
    where currency is not null
),

counting as (
    select distinct threshold_subscription_id as subscription_id from {{ ref('fct_open_periods') }}
    where threshold_subscription_id is not null
),

lifetime_fees as (select subscription_id, amount, is_outstanding from {{ ref('int_invoicing__lifetime_fees') }}),

billed as (
    select
        subscriptions.user_key,
        subscriptions.currency,
        sum(case when lifetime_fees.is_outstanding then 0 else lifetime_fees.amount end) as amount,
        sum(case when lifetime_fees.is_outstanding then lifetime_fees.amount else 0 end) as outstanding_amount
    from lifetime_fees
    inner join subscriptions on lifetime_fees.subscription_id = subscriptions.subscription_id
    group by subscriptions.user_key, subscriptions.currency
),

lifetime_usage as (
    select
        subscriptions.subscription_id,
        subscriptions.plan_code,
        cast(subscriptions.opening_amount + coalesce(billed.amount, 0) as decimal(20, 4)) as billed_amount,
        cast(coalesce(billed.outstanding_amount, 0) as decimal(20, 4)) as outstanding_amount
    from counting
    inner join subscriptions on counting.subscription_id = subscriptions.subscription_id
    left join billed on subscriptions.user_key = billed.user_key and subscriptions.currency = billed.currency
)

select * from lifetime_usage
