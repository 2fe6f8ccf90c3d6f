-- R-CATALOG: the prepaid wallets of the running catalog version.
-- Grain: one row per wallet_id.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select
        catalog_version,
        row_number,
        wallet_id,
        customer_id,
        wallet_name,
        currency,
        priority,
        scope_fee_types,
        rate,
        expires_on,
        metric_code
    from {{ source('catalog', 'wallets') }}
),

known_to_the_run as (
    select
        catalog_rows.row_number,
        catalog_rows.wallet_id,
        catalog_rows.customer_id,
        catalog_rows.wallet_name,
        catalog_rows.currency,
        catalog_rows.priority,
        replace(catalog_rows.scope_fee_types, ' ', '') as scope_fee_types,
        coalesce(catalog_rows.rate, cast(1 as decimal(20, 12))) as credit_rate,
        catalog_rows.expires_on,
        catalog_rows.metric_code
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
