-- R-PACKAGE: units beyond the free ones are billed by the started package, each at the package amount. Not rounded here.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at).

with

quantities as (
    select subscription_id, charge_code, filter_code, group_key, period_starts_at, charge_row_number, quantity
    from {{ ref('fct_usage_quantities') }}
    where charge_model = 'package'
),

charges as (
    select row_number, package_amount, package_size, coalesce(free_units, 0) as free_units
    from {{ ref('stg_catalog__charges') }}
),

started as (
    select
        quantities.subscription_id,
        quantities.charge_code,
        quantities.filter_code,
        quantities.group_key,
        quantities.period_starts_at,
        charges.package_amount,
        charges.package_size,
        charges.free_units,
        case
            when quantities.quantity > charges.free_units
                then {{ started_packages('(quantities.quantity - charges.free_units)', 'charges.package_size') }}
            else 0
        end as packages
    from quantities
    inner join charges on quantities.charge_row_number = charges.row_number
),

priced as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        cast(packages * package_amount as decimal(38, 21)) as amount_unrounded,
        '{"model":"package","package_size":"' || {{ decimal_text('package_size') }}
        || '","free_units":"' || {{ decimal_text('free_units') }}
        || '","packages":"' || cast(packages as varchar)
        || '","package_amount":"' || {{ decimal_text('package_amount') }} || '"}' as price_details
    from started
)

select * from priced
