-- R-CATALOG: which taxes single fees, charges, add-ons, plans and their commitments, and entities bear, of the running catalog
-- version.
-- Grain: one row per level x code x tax_code.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select
        catalog_version,
        row_number,
        level,
        code,
        tax_code
    from {{ source('catalog', 'assigned_taxes') }}
),

known_to_the_run as (
    select
        catalog_rows.row_number,
        catalog_rows.level,
        catalog_rows.code,
        catalog_rows.tax_code
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
