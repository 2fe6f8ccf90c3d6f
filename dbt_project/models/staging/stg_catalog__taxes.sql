-- R-CATALOG: the tax rates of the running catalog version, with every correction.
-- Grain: one row per row_number (tax_code x valid_from x recorded_at).

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select
        catalog_version,
        row_number,
        tax_code,
        tax_name,
        rate_percent,
        valid_from,
        valid_to,
        recorded_at
    from {{ source('catalog', 'taxes') }}
),

known_to_the_run as (
    select
        catalog_rows.row_number,
        catalog_rows.tax_code,
        catalog_rows.tax_name,
        catalog_rows.rate_percent,
        catalog_rows.valid_from,
        catalog_rows.valid_to,
        catalog_rows.recorded_at
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
