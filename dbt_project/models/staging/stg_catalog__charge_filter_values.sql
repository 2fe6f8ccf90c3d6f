-- R-CATALOG: the property values that the filters of charge rows match.
-- Grain: one row per row_number (charge row x filter x property x value).

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
        charges.recorded_at
    from {{ source('catalog', 'charges') }} as charges
    inner join running on charges.catalog_version = running.catalog_version
),

filter_values as (
    select stated.*
    from {{ source('catalog', 'charge_filter_values') }} as stated
    inner join running on stated.catalog_version = running.catalog_version
),

of_charge_rows as (
    select
        filter_values.row_number,
        charges.row_number as charge_row_number,
        filter_values.filter_code,
        filter_values.property_name,
        filter_values.property_value
    from filter_values
    inner join charges
        on
            filter_values.plan_code = charges.plan_code
            and filter_values.charge_code = charges.charge_code
            and filter_values.subscription_id is not distinct from charges.subscription_id
            and filter_values.first_month is not distinct from charges.first_month
            and filter_values.valid_from = charges.valid_from
            and filter_values.recorded_at = charges.recorded_at
)

select * from of_charge_rows
