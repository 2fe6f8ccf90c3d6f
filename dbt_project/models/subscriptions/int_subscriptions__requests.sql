-- R-TERMS: what each catalog row asks for: payer, entity, zone, currency, plan terms, and the instants that it states.
-- Rows of one external id, by start, are requests in order: the first begins, a later one may change the plan.
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
        billing_starts_at,
        billing_time,
        on_termination,
        payer_customer_id
    from {{ ref('stg_catalog__subscriptions') }}
),

customers as (
    select customer_id, billing_entity_code, timezone, payer_customer_id from {{ ref('stg_catalog__customers') }}
),

billing_entities as (
    select billing_entity_code, timezone, grace_days from {{ ref('stg_catalog__billing_entities') }}
),

-- The catalog check holds all of these equal over all rows of a plan. Rows older than a column have it empty.
plan_terms as (
    select
        plan_code,
        min(billing_interval) as billing_interval,
        min(currency) as currency,
        bool_or(is_pay_in_advance) as is_pay_in_advance,
        coalesce(bool_or(bills_charges_monthly), false) as bills_charges_monthly,
        coalesce(bool_or(bills_fixed_charges_monthly), false) as bills_fixed_charges_monthly,
        coalesce(min(trial_days), 0) as trial_days,
        min(adjustment_days) as adjustment_days,
        min(adjustment_minimum_amount) as adjustment_minimum_amount
    from {{ ref('stg_catalog__plans') }}
    group by plan_code
),

requests as (
    select
        subscriptions.row_number,
        subscriptions.subscription_id,
        subscriptions.external_subscription_id,
        subscriptions.customer_id,
        coalesce(subscriptions.payer_customer_id, customers.payer_customer_id, subscriptions.customer_id)
            as payer_customer_id,
        subscriptions.plan_code,
        row_number() over (
            partition by subscriptions.customer_id, subscriptions.external_subscription_id
            order by subscriptions.started_at, subscriptions.row_number
        ) as request_number,
        customers.billing_entity_code,
        {{ customer_zone('customers', 'billing_entities') }} as timezone,
        billing_entities.grace_days,
        plan_terms.billing_interval,
        plan_terms.currency,
        plan_terms.is_pay_in_advance,
        plan_terms.bills_charges_monthly,
        plan_terms.bills_fixed_charges_monthly,
        plan_terms.trial_days,
        plan_terms.adjustment_days,
        plan_terms.adjustment_minimum_amount,
        coalesce(subscriptions.billing_time, 'calendar') as billing_time,
        coalesce(subscriptions.on_termination, 'credit') as on_termination,
        subscriptions.started_at as requested_at,
        coalesce(subscriptions.ended_at, timestamp '9999-01-01 00:00:00') as stated_end_at,
        coalesce(subscriptions.billing_starts_at, subscriptions.started_at) as stated_billing_start_at,
        lead(subscriptions.started_at, 1, timestamp '9999-01-01 00:00:00') over (
            partition by subscriptions.customer_id, subscriptions.external_subscription_id
            order by subscriptions.started_at, subscriptions.row_number
        ) as next_requested_at
    from subscriptions
    inner join customers on subscriptions.customer_id = customers.customer_id
    inner join billing_entities on customers.billing_entity_code = billing_entities.billing_entity_code
    inner join plan_terms on subscriptions.plan_code = plan_terms.plan_code
)

select * from requests
