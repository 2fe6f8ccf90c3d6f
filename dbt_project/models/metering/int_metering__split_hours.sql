-- R-MATCH: the hours in which a bound of a subscription, a period or a price falls: only there are single events read.
-- What names only a customer is read so wherever it would be for one of the customer's subscriptions.
-- Grain: one row per (named_id, is_customer, hour_starts_at).

with

subscriptions as (
    select
        subscription_id,
        external_subscription_id,
        customer_id,
        started_at,
        ended_at,
        billing_starts_at,
        usage_billed_until_at
    from {{ ref('dim_subscriptions') }}
),

price_spans as (
    select subscription_id, span_starts_at, span_ends_at from {{ ref('fct_price_spans') }}
    where price_kind = 'charge'
),

periods as (
    select external_subscription_id, period_starts_at, period_ends_at
    from {{ ref('fct_subscription_periods') }}
    where fee_family = 'usage'
),

open_periods as (
    select external_subscription_id, measured_until_at
    from {{ ref('fct_open_periods') }}
    where is_looked_at
),

bounds as (
    select external_subscription_id, started_at as bound_at
    from subscriptions
    union all
    select external_subscription_id, ended_at as bound_at
    from subscriptions
    union all
    select external_subscription_id, billing_starts_at as bound_at
    from subscriptions
    union all
    select external_subscription_id, usage_billed_until_at as bound_at
    from subscriptions
    union all
    select external_subscription_id, period_starts_at as bound_at
    from periods
    union all
    select external_subscription_id, period_ends_at as bound_at
    from periods
    union all
    select external_subscription_id, measured_until_at as bound_at
    from open_periods
    union all
    select subscriptions.external_subscription_id, price_spans.span_starts_at as bound_at
    from price_spans
    inner join subscriptions on price_spans.subscription_id = subscriptions.subscription_id
    union all
    select subscriptions.external_subscription_id, price_spans.span_ends_at as bound_at
    from price_spans
    inner join subscriptions on price_spans.subscription_id = subscriptions.subscription_id
),

inside_an_hour as (
    select distinct
        external_subscription_id,
        cast(date_trunc('hour', bound_at) as timestamp) as hour_starts_at
    from bounds
    where bound_at <> date_trunc('hour', bound_at)
),

split_hours as (
    select
        external_subscription_id as named_id,
        false as is_customer,
        hour_starts_at
    from inside_an_hour
    union distinct
    select
        subscriptions.customer_id as named_id,
        true as is_customer,
        inside_an_hour.hour_starts_at
    from inside_an_hour
    inner join subscriptions on inside_an_hour.external_subscription_id = subscriptions.external_subscription_id
)

select * from split_hours
