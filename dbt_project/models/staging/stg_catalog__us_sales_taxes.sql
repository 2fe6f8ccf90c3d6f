-- R-CATALOG: which sales taxes are due where in the USA, of the running catalog version.
-- Grain: one row per state x county x city x tax_code x valid_from.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select
        catalog_version,
        row_number,
        state,
        county,
        city,
        tax_code,
        valid_from,
        valid_to
    from {{ source('catalog', 'us_sales_taxes') }}
),

known_to_the_run as (
    select
        catalog_rows.row_number,
        catalog_rows.state,
        catalog_rows.county,
        catalog_rows.city,
        catalog_rows.tax_code,
        catalog_rows.valid_from,
        catalog_rows.valid_to
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
