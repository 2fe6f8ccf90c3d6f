-- R-TOP-UP: what the usage of open periods has come to so far and no invoice has billed, this close's progressive ones included.
-- Charges in advance are billed. A charge that progressive invoices billed in excess is 0: a credit note settles it. Where
-- a charge has had several metrics in a period, what began first was billed first.
-- Grain: one row per (subscription_id, charge_code, metric_code).

with

fees_so_far as (
    select subscription_id, charge_code, metric_code, period_starts_at, segment_starts_at, amount
    from {{ ref('int_invoicing__fees_so_far') }}
),

billed_now as (
    select distinct subscription_id, charge_code, period_starts_at
    from {{ ref('int_invoicing__progressive_fees') }}
),

billed_before as (
    select subscription_id, charge_code, period_starts_at, amount
    from {{ ref('int_invoicing__outstanding_fees') }}
    where not is_settled_now
),

subscriptions as (
    select subscription_id, payer_customer_id, billing_entity_code, currency from {{ ref('dim_subscriptions') }}
),

metrics_so_far as (
    select
        subscription_id,
        charge_code,
        metric_code,
        period_starts_at,
        max(segment_starts_at) as last_starts_at,
        sum(amount) as amount
    from fees_so_far
    group by subscription_id, charge_code, metric_code, period_starts_at
),

charges_so_far as (
    select
        metrics_so_far.*,
        sum(amount) over (partition by subscription_id, charge_code, period_starts_at) as charge_amount,
        coalesce(sum(greatest(amount, 0)) over (
            partition by subscription_id, charge_code, period_starts_at
            order by last_starts_at desc
            rows between unbounded preceding and 1 preceding
        ), 0) as later_amount
    from metrics_so_far
),

unbilled as (
    select
        charges_so_far.subscription_id,
        charges_so_far.charge_code,
        charges_so_far.metric_code,
        greatest(
            least(
                charges_so_far.amount,
                charges_so_far.charge_amount - coalesce(billed_before.amount, 0) - charges_so_far.later_amount
            ),
            0
        ) as amount
    from charges_so_far
    left join billed_now
        on
            charges_so_far.subscription_id = billed_now.subscription_id
            and charges_so_far.charge_code = billed_now.charge_code
            and charges_so_far.period_starts_at = billed_now.period_starts_at
    left join billed_before
        on
            charges_so_far.subscription_id = billed_before.subscription_id
            and charges_so_far.charge_code = billed_before.charge_code
            and charges_so_far.period_starts_at = billed_before.period_starts_at
    where billed_now.subscription_id is null
),

open_usage as (
    select
        unbilled.subscription_id,
        unbilled.charge_code,
        unbilled.metric_code,
        subscriptions.payer_customer_id,
        subscriptions.billing_entity_code,
        subscriptions.currency,
        cast(sum(unbilled.amount) as decimal(20, 4)) as amount
    from unbilled
    inner join subscriptions on unbilled.subscription_id = subscriptions.subscription_id
    where unbilled.amount > 0
    group by
        unbilled.subscription_id,
        unbilled.charge_code,
        unbilled.metric_code,
        subscriptions.payer_customer_id,
        subscriptions.billing_entity_code,
        subscriptions.currency
)

select * from open_usage
