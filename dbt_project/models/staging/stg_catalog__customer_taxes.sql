-- R-CATALOG: which tax codes a customer is charged, of the running catalog version.
-- Grain: one row per customer_id x tax_code.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select
        catalog_version,
        row_number,
        customer_id,
        tax_code
    from {{ source('catalog', 'customer_taxes') }}
),

known_to_the_run as (
    select
        catalog_rows.row_number,
        catalog_rows.customer_id,
        catalog_rows.tax_code
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
