-- R-TOP-UP: whose usage of open periods is looked at, charge by charge: that of plans with thresholds, and of what is paid by
-- customers with a wallet whose top-up rule asks for the ongoing balance, in the wallet's currency.
-- Grain: one row per subscription_id.

with

terms as (
    select
        subscription_id,
        external_subscription_id,
        customer_id,
        payer_customer_id,
        plan_code,
        currency,
        timezone,
        started_at
    from {{ ref('int_subscriptions__terms') }}
),

progressive_plans as (select distinct plan_code from {{ ref('stg_catalog__usage_thresholds') }}),

watching_rules as (
    select distinct customer_id, currency
    from {{ ref('int_subscriptions__top_up_rules') }}
    where trigger_type = 'threshold' or method = 'target'
),

watched as (
    select
        terms.subscription_id,
        terms.external_subscription_id,
        terms.customer_id,
        terms.currency,
        terms.timezone,
        terms.started_at,
        case when progressive_plans.plan_code is not null then terms.subscription_id end as progressive_id,
        watching_rules.customer_id is not null as has_top_up_rule
    from terms
    left join progressive_plans on terms.plan_code = progressive_plans.plan_code
    left join watching_rules
        on terms.payer_customer_id = watching_rules.customer_id and terms.currency = watching_rules.currency
)

select * from watched
