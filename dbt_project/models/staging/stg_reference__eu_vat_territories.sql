-- R-TAX-EU: places in the member states where another VAT than the state's holds, or none, as the running catalog version knew
-- them.
-- Grain: one row per (country, zipcode_prefix).

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_versions as (select catalog_version, reference_version from {{ source('catalog', 'versions') }}),

reference_rows as (
    select reference_version, country, zipcode_prefix, territory_name, tax_code
    from {{ source('reference', 'eu_vat_territories') }}
),

known_to_the_run as (
    select
        reference_rows.country,
        reference_rows.zipcode_prefix,
        reference_rows.territory_name,
        reference_rows.tax_code
    from reference_rows
    inner join catalog_versions on reference_rows.reference_version = catalog_versions.reference_version
    inner join running on catalog_versions.catalog_version = running.catalog_version
)

select * from known_to_the_run
