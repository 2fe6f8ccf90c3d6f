-- R-FAMILY: the families of fees that a subscription is billed for, each with its own interval and moment.
-- Fixed charges, and the limits of a plan, are billed only where a catalog row has some, and from its first day on.
-- Grain: one row per (subscription_id, fee_family).

with

terms as (
    select
        subscription_id,
        plan_code,
        billing_interval,
        is_pay_in_advance,
        bills_charges_monthly,
        bills_fixed_charges_monthly
    from {{ ref('int_subscriptions__terms') }}
),

fixed_charges as (
    select plan_code, subscription_id, is_pay_in_advance, valid_from from {{ ref('stg_catalog__fixed_charges') }}
),

limited_plans as (
    select plan_code, subscription_id, valid_from
    from {{ ref('stg_catalog__plans') }}
    where minimum_commitment_amount > 0 or maximum_amount is not null
),

base as (
    select
        subscription_id,
        'base' as fee_family,
        billing_interval,
        is_pay_in_advance as is_due_at_start,
        cast(null as date) as first_row_date
    from terms
),

usage as (
    select
        subscription_id,
        'usage' as fee_family,
        case when bills_charges_monthly then 'monthly' else billing_interval end as billing_interval,
        false as is_due_at_start,
        cast(null as date) as first_row_date
    from terms
),

fixed as (
    select
        terms.subscription_id,
        case when fixed_charges.is_pay_in_advance then 'fixed_in_advance' else 'fixed' end as fee_family,
        case when terms.bills_fixed_charges_monthly then 'monthly' else terms.billing_interval end as billing_interval,
        fixed_charges.is_pay_in_advance as is_due_at_start,
        min(fixed_charges.valid_from) as first_row_date
    from terms
    inner join fixed_charges
        on
            terms.plan_code = fixed_charges.plan_code
            and terms.subscription_id = coalesce(fixed_charges.subscription_id, terms.subscription_id)
    group by
        terms.subscription_id,
        terms.billing_interval,
        terms.bills_fixed_charges_monthly,
        fixed_charges.is_pay_in_advance
),

-- A minimum and a maximum hold for the plan's period, and are known when it has ended, also where the plan is in advance.
commitment as (
    select
        terms.subscription_id,
        'commitment' as fee_family,
        terms.billing_interval,
        false as is_due_at_start,
        min(limited_plans.valid_from) as first_row_date
    from terms
    inner join limited_plans
        on
            terms.plan_code = limited_plans.plan_code
            and terms.subscription_id = coalesce(limited_plans.subscription_id, terms.subscription_id)
    group by terms.subscription_id, terms.billing_interval
),

fee_families as (
    select * from base
    union all
    select * from usage
    union all
    select * from fixed
    union all
    select * from commitment
)

select * from fee_families
