-- R-UNITS: the periods of usage that wallets of units may pay: what is billed first by those of its payer, what is computed again
-- by those that it drew from.
-- Grain: one row per (subscription_id, period_starts_at, metric_code).

with

holders as (
    select distinct customer_id, metric_code
    from {{ ref('stg_catalog__wallets') }}
    where metric_code is not null
),

new_periods as (
    select
        periods.subscription_id,
        periods.period_starts_at,
        holders.metric_code,
        holders.customer_id,
        periods.is_reopened
    from {{ ref('fct_subscription_periods') }} as periods
    inner join holders on periods.payer_customer_id = holders.customer_id
    where periods.fee_family = 'usage' and not periods.is_reopened
),

-- Whoever pays now: units go back to the lots that they came from.
reopened_periods as (
    select distinct
        subscription_id,
        adjusted_starts_at as period_starts_at,
        metric_code,
        customer_id,
        true as is_reopened
    from {{ ref('int_rating__reopened_draws') }}
),

periods as (
    select * from new_periods
    union all
    select * from reopened_periods
)

select * from periods
