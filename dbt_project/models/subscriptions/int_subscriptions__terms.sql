-- R-TERMS: what a subscription is billed by: payer, entity, zone, currency, interval, and the instants that bound it.
-- Grain: one row per subscription_id.

with

subscriptions as (
    select
        row_number,
        subscription_id,
        external_subscription_id,
        customer_id,
        plan_code,
        started_at,
        ended_at,
        billing_starts_at
    from {{ ref('stg_catalog__subscriptions') }}
),

customers as (select customer_id, billing_entity_code, timezone from {{ ref('stg_catalog__customers') }}),

billing_entities as (
    select billing_entity_code, timezone, grace_days from {{ ref('stg_catalog__billing_entities') }}
),

-- The catalog check holds interval, currency and moment of payment equal over all rows of a plan.
plan_terms as (
    select
        plan_code,
        min(billing_interval) as billing_interval,
        min(currency) as currency,
        bool_or(is_pay_in_advance) as is_pay_in_advance
    from {{ ref('stg_catalog__plans') }}
    group by plan_code
),

joined_terms as (
    select
        subscriptions.row_number,
        subscriptions.subscription_id,
        subscriptions.external_subscription_id,
        subscriptions.customer_id,
        subscriptions.plan_code,
        customers.billing_entity_code,
        coalesce(customers.timezone, billing_entities.timezone, 'UTC') as timezone,
        billing_entities.grace_days,
        plan_terms.billing_interval,
        plan_terms.currency,
        plan_terms.is_pay_in_advance,
        subscriptions.started_at,
        coalesce(subscriptions.ended_at, timestamp '9999-01-01 00:00:00') as ended_at,
        greatest(
            subscriptions.started_at, coalesce(subscriptions.billing_starts_at, subscriptions.started_at)
        ) as billing_starts_at
    from subscriptions
    inner join customers on subscriptions.customer_id = customers.customer_id
    inner join billing_entities on customers.billing_entity_code = billing_entities.billing_entity_code
    inner join plan_terms on subscriptions.plan_code = plan_terms.plan_code
)

select * from joined_terms
