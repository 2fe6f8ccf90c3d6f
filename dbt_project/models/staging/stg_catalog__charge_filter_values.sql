-- R-CATALOG: the property values that the filters of charge rows match.
-- Grain: one row per row_number (charge row x filter x property x value).

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

charges as (
    select row_number, plan_code, charge_code, subscription_id, first_month, valid_from, recorded_at
    from {{ ref('stg_catalog__charges') }}
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
    inner join charges on {{ belongs_to_charge_row('filter_values', 'charges') }}
)

select * from of_charge_rows
