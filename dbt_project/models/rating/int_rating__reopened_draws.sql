-- R-UNITS: the units that periods which this close computes again have drawn.
-- Grain: one row per (line_key, lot_id).

with

reopened_periods as (
    select subscription_id, period_starts_at, period_ends_at, adjusted_starts_at
    from {{ ref('fct_reopened_periods') }}
    where fee_family = 'usage'
),

draws as (
    select
        draws.line_key,
        draws.lot_id,
        draws.wallet_id,
        draws.lot_kind,
        draws.customer_id,
        draws.subscription_id,
        draws.charge_code,
        draws.filter_code,
        draws.group_key,
        draws.metric_code,
        draws.service_period_start,
        reopened_periods.adjusted_starts_at,
        min(draws.draw_number) as draw_number,
        cast(sum(draws.units) as decimal(38, 9)) as units
    from {{ ref('stg_issued__unit_draws') }} as draws
    inner join reopened_periods
        on
            draws.subscription_id = reopened_periods.subscription_id
            and draws.service_period_start >= reopened_periods.period_starts_at
            and draws.service_period_start < reopened_periods.period_ends_at
    group by
        draws.line_key,
        draws.lot_id,
        draws.wallet_id,
        draws.lot_kind,
        draws.customer_id,
        draws.subscription_id,
        draws.charge_code,
        draws.filter_code,
        draws.group_key,
        draws.metric_code,
        draws.service_period_start,
        reopened_periods.adjusted_starts_at
    having sum(draws.units) <> 0
)

select * from draws
