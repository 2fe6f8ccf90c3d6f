-- R-CATALOG: reference rates of exchange, of the running catalog version.
-- Grain: one row per rate_date x currency.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select
        catalog_version,
        row_number,
        rate_date,
        currency,
        units_per_euro
    from {{ source('catalog', 'exchange_rates') }}
),

known_to_the_run as (
    select
        catalog_rows.row_number,
        catalog_rows.rate_date,
        catalog_rows.currency,
        catalog_rows.units_per_euro
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
