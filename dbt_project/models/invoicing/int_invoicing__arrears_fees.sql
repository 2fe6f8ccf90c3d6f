-- R-FEE: the fee of each charge, filter and group in arrears, rounded once to the currency's minor unit; of a period
-- that is still open, where thresholds may bill it, what it has come to so far.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at).

with

rated_charges as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        segment_ends_at,
        point_number,
        charge_row_number,
        metric_code,
        quantity,
        rated_quantity,
        amount_unrounded,
        price_details
    from {{ ref('fct_rated_charges') }}
    where not is_pay_in_advance
),

subscriptions as (select subscription_id, minor_unit from {{ ref('dim_subscriptions') }}),

open_periods as (select subscription_id, period_starts_at, measured_until_at from {{ ref('fct_open_periods') }}),

fees as (
    select
        rated_charges.*,
        open_periods.measured_until_at,
        {{ round_to_minor_unit('rated_charges.amount_unrounded', 'subscriptions.minor_unit') }} as amount
    from rated_charges
    inner join subscriptions on rated_charges.subscription_id = subscriptions.subscription_id
    left join open_periods
        on
            rated_charges.subscription_id = open_periods.subscription_id
            and rated_charges.period_starts_at = open_periods.period_starts_at
)

select * from fees
