-- R-PROGRESSIVE: what progressive invoices billed of each charge and period, and no invoice or note has credited yet.
-- Grain: one row per (subscription_id, charge_code, period_starts_at, is_settled_now); no period for what is settled now.

with

outstanding as (
    select
        subscription_id,
        charge_code,
        period_starts_at,
        is_settled_now,
        coalesce(min(case when is_of_present_period then service_period_start end), min(service_period_start))
            as service_period_start,
        max(service_period_end) as service_period_end,
        max(metric_code) as metric_code,
        cast(sum(amount) as decimal(20, 4)) as amount
    from {{ ref('int_invoicing__progressive_balances') }}
    group by subscription_id, charge_code, period_starts_at, is_settled_now
    having sum(amount) > 0
)

select * from outstanding
