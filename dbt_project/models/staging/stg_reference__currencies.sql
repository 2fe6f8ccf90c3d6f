-- R-ROUND: currencies and their minor units (ISO 4217), as the running catalog version knew them.
-- Grain: one row per currency.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_versions as (select catalog_version, reference_version from {{ source('catalog', 'versions') }}),

reference_rows as (
    select reference_version, currency, currency_name, minor_unit from {{ source('reference', 'currencies') }}
),

known_to_the_run as (
    select
        reference_rows.currency,
        reference_rows.currency_name,
        reference_rows.minor_unit
    from reference_rows
    inner join catalog_versions on reference_rows.reference_version = catalog_versions.reference_version
    inner join running on catalog_versions.catalog_version = running.catalog_version
)

select * from known_to_the_run
