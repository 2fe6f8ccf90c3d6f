-- R-CATALOG: which customers a certificate exempts of one tax or of all, of the running catalog version.
-- Grain: one row per customer_id x certificate x tax_code x valid_from.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select
        catalog_version,
        row_number,
        customer_id,
        certificate,
        tax_code,
        valid_from,
        valid_to
    from {{ source('catalog', 'tax_exemptions') }}
),

known_to_the_run as (
    select
        catalog_rows.row_number,
        catalog_rows.customer_id,
        catalog_rows.certificate,
        catalog_rows.tax_code,
        catalog_rows.valid_from,
        catalog_rows.valid_to
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
