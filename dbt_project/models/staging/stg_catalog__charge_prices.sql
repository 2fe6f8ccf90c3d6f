-- R-CATALOG: the prices of charge rows and of their filters in the plan's currency: those in a pricing unit are converted.
-- The catalog check holds every converted price exact at its scale, so that the casts below round nothing.
-- Grain: one row per (charge_row_number, filter_code); filter_code NULL is the charge's default price.

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
        charges.display_name,
        charges.unit_amount,
        charges.package_amount,
        charges.package_size,
        charges.free_units,
        charges.rate,
        charges.fixed_amount,
        charges.free_units_per_events,
        charges.free_units_per_total_aggregation,
        charges.per_transaction_min_amount,
        charges.per_transaction_max_amount,
        charges.custom_properties,
        coalesce(charges.conversion_rate, 1) as conversion_rate
    from {{ source('catalog', 'charges') }} as charges
    inner join running on charges.catalog_version = running.catalog_version
),

charge_filters as (
    select filters.*
    from {{ source('catalog', 'charge_filters') }} as filters
    inner join running on filters.catalog_version = running.catalog_version
),

stated as (
    select
        row_number as charge_row_number,
        cast(null as varchar) as filter_code,
        0 as position,
        display_name,
        unit_amount,
        package_amount,
        package_size,
        free_units,
        rate,
        fixed_amount,
        free_units_per_events,
        free_units_per_total_aggregation,
        per_transaction_min_amount,
        per_transaction_max_amount,
        custom_properties,
        conversion_rate
    from charges
    union all
    select
        charges.row_number as charge_row_number,
        charge_filters.filter_code,
        charge_filters.row_number as position,
        charge_filters.display_name,
        charge_filters.unit_amount,
        charge_filters.package_amount,
        charge_filters.package_size,
        charge_filters.free_units,
        charge_filters.rate,
        charge_filters.fixed_amount,
        charge_filters.free_units_per_events,
        charge_filters.free_units_per_total_aggregation,
        charge_filters.per_transaction_min_amount,
        charge_filters.per_transaction_max_amount,
        charge_filters.custom_properties,
        charges.conversion_rate
    from charge_filters
    inner join charges on {{ belongs_to_charge_row('charge_filters', 'charges') }}
),

in_currency as (
    select
        charge_row_number,
        filter_code,
        position,
        display_name,
        cast(unit_amount * conversion_rate as decimal(20, 12)) as unit_amount,
        cast(package_amount * conversion_rate as decimal(20, 12)) as package_amount,
        package_size,
        free_units,
        cast(rate * conversion_rate as decimal(18, 10)) as rate,
        cast(fixed_amount * conversion_rate as decimal(20, 12)) as fixed_amount,
        free_units_per_events,
        free_units_per_total_aggregation,
        cast(per_transaction_min_amount * conversion_rate as decimal(20, 12)) as per_transaction_min_amount,
        cast(per_transaction_max_amount * conversion_rate as decimal(20, 12)) as per_transaction_max_amount,
        custom_properties
    from stated
)

select * from in_currency
