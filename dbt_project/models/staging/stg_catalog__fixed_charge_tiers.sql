-- R-CATALOG: the tiers of fixed charge rows, in file order.
-- Grain: one row per row_number (fixed charge row x tier).

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

fixed_charges as (
    select
        fixed_charges.row_number,
        fixed_charges.plan_code,
        fixed_charges.fixed_charge_code,
        fixed_charges.subscription_id,
        fixed_charges.first_month,
        fixed_charges.valid_from,
        fixed_charges.recorded_at
    from {{ source('catalog', 'fixed_charges') }} as fixed_charges
    inner join running on fixed_charges.catalog_version = running.catalog_version
),

fixed_charge_tiers as (
    select tiers.*
    from {{ source('catalog', 'fixed_charge_tiers') }} as tiers
    inner join running on tiers.catalog_version = running.catalog_version
),

tiers_of_rows as (
    select
        fixed_charge_tiers.row_number,
        fixed_charges.row_number as fixed_charge_row_number,
        fixed_charge_tiers.up_to,
        fixed_charge_tiers.unit_amount,
        coalesce(fixed_charge_tiers.flat_amount, cast(0 as decimal(20, 12))) as flat_amount
    from fixed_charge_tiers
    inner join fixed_charges
        on
            fixed_charge_tiers.plan_code = fixed_charges.plan_code
            and fixed_charge_tiers.fixed_charge_code = fixed_charges.fixed_charge_code
            and fixed_charge_tiers.subscription_id is not distinct from fixed_charges.subscription_id
            and fixed_charge_tiers.first_month is not distinct from fixed_charges.first_month
            and fixed_charge_tiers.valid_from = fixed_charges.valid_from
            and fixed_charge_tiers.recorded_at = fixed_charges.recorded_at
)

select * from tiers_of_rows
