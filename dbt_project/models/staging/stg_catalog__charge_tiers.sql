-- R-CATALOG: the tiers of charge rows and of their filters, in file order and in the plan's currency.
-- Grain: one row per row_number (charge row x filter x tier).

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

charges as (
    select
        charges.row_number,
        charges.plan_code,
        charges.charge_code,
        charges.subscription_id,
        charges.first_month,
        charges.valid_from,
        charges.recorded_at,
        coalesce(charges.conversion_rate, 1) as conversion_rate
    from {{ source('catalog', 'charges') }} as charges
    inner join running on charges.catalog_version = running.catalog_version
),

charge_tiers as (
    select tiers.*
    from {{ source('catalog', 'charge_tiers') }} as tiers
    inner join running on tiers.catalog_version = running.catalog_version
),

in_currency as (
    select
        charge_tiers.row_number,
        charges.row_number as charge_row_number,
        charge_tiers.filter_code,
        charge_tiers.up_to,
        cast(charge_tiers.unit_amount * charges.conversion_rate as decimal(20, 12)) as unit_amount,
        cast(charge_tiers.rate * charges.conversion_rate as decimal(18, 10)) as rate,
        cast(coalesce(charge_tiers.flat_amount, 0) * charges.conversion_rate as decimal(20, 12)) as flat_amount
    from charge_tiers
    inner join charges on {{ belongs_to_charge_row('charge_tiers', 'charges') }}
)

select * from in_currency
