-- R-FEE: base fees and rated usage, side by side as the fees of a close, still exact.
-- Grain: one row per line_key.

with

base_fees as (
    select subscription_id, period_starts_at, period_ends_at, description, amount_unrounded, price_details
    from {{ ref('int_invoicing__base_fees') }}
),

rated_charges as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        period_ends_at,
        charge_row_number,
        metric_code,
        quantity,
        amount_unrounded,
        price_details
    from {{ ref('fct_rated_charges') }}
),

charges as (select row_number, display_name from {{ ref('stg_catalog__charges') }}),

fees as (
    select
        subscription_id,
        'base' as fee_family,
        'subscription' as fee_type,
        cast(null as varchar) as charge_code,
        cast(null as varchar) as metric_code,
        cast(null as varchar) as filter_code,
        cast(null as varchar) as group_key,
        0 as position,
        period_starts_at,
        period_ends_at,
        description,
        cast(1 as decimal(38, 9)) as quantity,
        amount_unrounded,
        price_details
    from base_fees
    union all
    select
        rated_charges.subscription_id,
        'usage' as fee_family,
        'charge' as fee_type,
        rated_charges.charge_code,
        rated_charges.metric_code,
        rated_charges.filter_code,
        rated_charges.group_key,
        charges.row_number as position,
        rated_charges.period_starts_at,
        rated_charges.period_ends_at,
        charges.display_name as description,
        rated_charges.quantity,
        rated_charges.amount_unrounded,
        rated_charges.price_details
    from rated_charges
    inner join charges on rated_charges.charge_row_number = charges.row_number
)

select * from fees
