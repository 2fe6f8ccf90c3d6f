-- R-TERMS: what a subscription is billed by, derived once for all that a close does with it.
-- Grain: one row per subscription_id that ever begins.

with

terms as (
    select
        row_number,
        subscription_id,
        external_subscription_id,
        customer_id,
        payer_customer_id,
        plan_code,
        billing_entity_code,
        timezone,
        grace_days,
        billing_interval,
        currency,
        is_pay_in_advance,
        bills_charges_monthly,
        bills_fixed_charges_monthly,
        anchor_date,
        origin_date,
        trial_end_date,
        adjustment_days,
        adjustment_minimum_amount,
        on_termination,
        started_at,
        ended_at,
        end_kind,
        billing_starts_at,
        next_billing_starts_at
    from {{ ref('int_subscriptions__derived_terms') }}
)

select * from terms
