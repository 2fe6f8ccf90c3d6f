-- R-PROGRESSIVE: the fees of progressive invoices: all usage so far of the open periods of who passes a threshold. A charge that
-- has come to less than 0 waits for the period's invoice: no later one could credit it.
-- Grain: one row per line_key.

with

passed as (select distinct subscription_id from {{ ref('int_invoicing__passed_thresholds') }}),

charge_sums as (
    select
        subscription_id,
        charge_code,
        period_starts_at,
        sum(amount) as amount
    from {{ ref('int_invoicing__fees_so_far') }}
    group by subscription_id, charge_code, period_starts_at
),

fees as (
    select fees_so_far.*
    from {{ ref('int_invoicing__fees_so_far') }} as fees_so_far
    inner join passed on fees_so_far.threshold_subscription_id = passed.subscription_id
    inner join charge_sums
        on
            fees_so_far.subscription_id = charge_sums.subscription_id
            and fees_so_far.charge_code = charge_sums.charge_code
            and fees_so_far.period_starts_at = charge_sums.period_starts_at
            and charge_sums.amount >= 0
)

select * from fees
