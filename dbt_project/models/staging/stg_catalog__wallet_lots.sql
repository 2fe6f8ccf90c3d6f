-- R-CATALOG: the lots of credit put into wallets, of the running catalog version.
-- Grain: one row per lot_id.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select
        catalog_version,
        row_number,
        lot_id,
        wallet_id,
        lot_kind,
        amount,
        granted_on,
        priority,
        expires_on,
        credits,
        paid_on,
        units,
        voided_on
    from {{ source('catalog', 'wallet_lots') }}
),

known_to_the_run as (
    select
        catalog_rows.row_number,
        catalog_rows.lot_id,
        catalog_rows.wallet_id,
        catalog_rows.lot_kind,
        catalog_rows.amount,
        catalog_rows.granted_on,
        coalesce(catalog_rows.priority, {{ last_lot_priority() }}) as lot_priority,
        catalog_rows.expires_on,
        catalog_rows.credits,
        catalog_rows.paid_on,
        catalog_rows.units,
        catalog_rows.voided_on
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
