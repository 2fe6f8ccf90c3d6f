-- R-CATALOG: the billing entities of the running catalog version.
-- Grain: one row per billing_entity_code.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select
        catalog_version,
        row_number,
        billing_entity_code,
        entity_name,
        country,
        timezone,
        invoice_prefix,
        net_payment_days,
        grace_days,
        automatic_tax,
        reporting_currency
    from {{ source('catalog', 'billing_entities') }}
),

known_to_the_run as (
    select
        catalog_rows.row_number,
        catalog_rows.billing_entity_code,
        catalog_rows.entity_name,
        catalog_rows.country,
        catalog_rows.timezone,
        catalog_rows.invoice_prefix,
        catalog_rows.net_payment_days,
        catalog_rows.grace_days,
        catalog_rows.automatic_tax,
        catalog_rows.reporting_currency
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
