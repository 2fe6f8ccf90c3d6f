-- R-CATALOG: what online registries answered about VAT ids, of the running catalog version.
-- Grain: one row per customer_id x vat_id x checked_on.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select
        catalog_version,
        row_number,
        customer_id,
        vat_id,
        checked_on,
        is_valid,
        source
    from {{ source('catalog', 'tax_checks') }}
),

known_to_the_run as (
    select
        catalog_rows.row_number,
        catalog_rows.customer_id,
        catalog_rows.vat_id,
        catalog_rows.checked_on,
        catalog_rows.is_valid,
        catalog_rows.source
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
