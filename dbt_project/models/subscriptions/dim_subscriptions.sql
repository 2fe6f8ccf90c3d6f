-- R-MATCH: the span of each subscription, for matching events, until where its usage is billed once this close is done,
-- and who is billed for it in which currency.
-- Grain: one row per subscription_id.

with

terms as (
    select
        subscription_id,
        external_subscription_id,
        customer_id,
        payer_customer_id,
        plan_code,
        billing_entity_code,
        currency,
        grace_days,
        is_pay_in_advance,
        on_termination,
        adjustment_days,
        adjustment_minimum_amount,
        trial_end_date,
        started_at,
        ended_at,
        end_kind,
        billing_starts_at
    from {{ ref('int_subscriptions__terms') }}
),

resume_points as (
    select subscription_id, resumes_at, subscription_end_date, own_billable_end_date
    from {{ ref('int_subscriptions__resume_points') }}
    where fee_family = 'usage'
),

currencies as (select currency, minor_unit from {{ ref('stg_reference__currencies') }}),

last_due_periods as (
    select
        subscription_id,
        max(period_ends_at) as period_ends_at
    from {{ ref('fct_subscription_periods') }}
    where fee_family = 'usage'
    group by subscription_id
),

spans as (
    select
        terms.subscription_id,
        terms.external_subscription_id,
        terms.customer_id,
        terms.payer_customer_id,
        terms.plan_code,
        terms.billing_entity_code,
        terms.currency,
        currencies.minor_unit,
        terms.grace_days,
        terms.is_pay_in_advance,
        terms.on_termination,
        terms.adjustment_days,
        terms.adjustment_minimum_amount,
        terms.trial_end_date,
        terms.started_at,
        terms.ended_at,
        terms.end_kind,
        resume_points.subscription_end_date,
        resume_points.own_billable_end_date as billable_end_date,
        terms.billing_starts_at,
        greatest(last_due_periods.period_ends_at, resume_points.resumes_at) as usage_billed_until_at
    from terms
    inner join currencies on terms.currency = currencies.currency
    inner join resume_points on terms.subscription_id = resume_points.subscription_id
    left join last_due_periods on terms.subscription_id = last_due_periods.subscription_id
)

select * from spans
