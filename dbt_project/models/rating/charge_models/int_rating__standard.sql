-- R-STANDARD: every unit costs the same: units x unit amount. Not rounded here.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at).

with

quantities as (
    select subscription_id, charge_code, filter_code, group_key, period_starts_at, charge_row_number, quantity
    from {{ ref('fct_usage_quantities') }}
    where charge_model = 'standard'
),

charges as (select row_number, unit_amount from {{ ref('stg_catalog__charges') }}),

priced as (
    select
        quantities.subscription_id,
        quantities.charge_code,
        quantities.filter_code,
        quantities.group_key,
        quantities.period_starts_at,
        cast(greatest(quantities.quantity, 0) * charges.unit_amount as decimal(38, 21)) as amount_unrounded,
        '{"model":"standard","unit_amount":"' || {{ decimal_text('charges.unit_amount') }} || '"}' as price_details
    from quantities
    inner join charges on quantities.charge_row_number = charges.row_number
)

select * from priced
