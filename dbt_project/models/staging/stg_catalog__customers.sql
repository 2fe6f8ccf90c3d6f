-- R-CATALOG: the customers of the running catalog version.
-- Grain: one row per customer_id.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select
        catalog_version,
        row_number,
        customer_id,
        customer_name,
        billing_entity_code,
        country,
        timezone,
        purchase_order,
        metadata,
        zipcode,
        state,
        county,
        city,
        vat_id,
        payer_customer_id
    from {{ source('catalog', 'customers') }}
),

known_to_the_run as (
    select
        catalog_rows.row_number,
        catalog_rows.customer_id,
        catalog_rows.customer_name,
        catalog_rows.billing_entity_code,
        catalog_rows.country,
        catalog_rows.timezone,
        catalog_rows.purchase_order,
        catalog_rows.metadata,
        catalog_rows.zipcode,
        catalog_rows.state,
        catalog_rows.county,
        catalog_rows.city,
        catalog_rows.vat_id,
        catalog_rows.payer_customer_id
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
