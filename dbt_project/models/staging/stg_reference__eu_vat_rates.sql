-- R-TAX-EU: the taxes that EU VAT knows, with the days between which each rate holds, as the running catalog version knew them.
-- Grain: one row per (tax_code, valid_from).

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_versions as (select catalog_version, reference_version from {{ source('catalog', 'versions') }}),

reference_rows as (
    select reference_version, tax_code, tax_name, member_state, rate_percent, valid_from
    from {{ source('reference', 'eu_vat_rates') }}
),

bounded as (
    select
        reference_rows.tax_code,
        reference_rows.tax_name,
        reference_rows.member_state,
        reference_rows.rate_percent,
        reference_rows.valid_from,
        lead(reference_rows.valid_from) over (
            partition by reference_rows.tax_code
            order by reference_rows.valid_from
        ) as valid_to
    from reference_rows
    inner join catalog_versions on reference_rows.reference_version = catalog_versions.reference_version
    inner join running on catalog_versions.catalog_version = running.catalog_version
)

select * from bounded
