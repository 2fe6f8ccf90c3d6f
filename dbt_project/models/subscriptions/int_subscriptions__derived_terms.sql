-- R-TERMS: what a subscription is billed by: payer, entity, zone, currency, plan terms, and the instants that bound it.
-- Grain: one row per subscription_id that ever begins.

with

requests as (
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
        trial_days,
        adjustment_days,
        adjustment_minimum_amount,
        billing_time,
        on_termination,
        stated_billing_start_at
    from {{ ref('int_subscriptions__requests') }}
),

request_dates as (
    select subscription_id, first_start_date, anchor_date from {{ ref('int_subscriptions__request_dates') }}
),

timelines as (
    select subscription_id, started_at, ended_at, end_kind from {{ ref('int_subscriptions__timelines') }}
),

begun as (
    select
        requests.row_number,
        requests.subscription_id,
        requests.external_subscription_id,
        requests.customer_id,
        requests.payer_customer_id,
        requests.plan_code,
        requests.billing_entity_code,
        requests.timezone,
        requests.grace_days,
        requests.billing_interval,
        requests.currency,
        requests.is_pay_in_advance,
        requests.bills_charges_monthly,
        requests.bills_fixed_charges_monthly,
        request_dates.anchor_date,
        {{ period_origin('request_dates.anchor_date', 'requests.billing_time') }} as origin_date,
        case
            when requests.trial_days > 0
                then cast(request_dates.first_start_date + requests.trial_days * interval '1' day as date)
        end as trial_end_date,
        requests.adjustment_days,
        requests.adjustment_minimum_amount,
        requests.on_termination,
        timelines.started_at,
        timelines.ended_at,
        timelines.end_kind,
        greatest(timelines.started_at, requests.stated_billing_start_at) as billing_starts_at
    from timelines
    inner join requests on timelines.subscription_id = requests.subscription_id
    inner join request_dates on timelines.subscription_id = request_dates.subscription_id
),

-- One that ends before its billing begins takes no day from the one before it.
terms as (
    select
        begun.*,
        min(case when billing_starts_at < ended_at then billing_starts_at end) over (
            partition by customer_id, external_subscription_id
            order by started_at
            rows between 1 following and unbounded following
        ) as next_billing_starts_at
    from begun
)

select * from terms
