-- R-EXPIRY: the lots of wallets: those of the catalog, and those that top-up rules put in, which end with their wallet only.
-- Grain: one row per lot_id.

with

wallet_lots as (select lot_id, wallet_id, expires_on from {{ ref('stg_catalog__wallet_lots') }}),

top_ups as (
    select
        lot_id,
        wallet_id,
        cast(null as date) as expires_on
    from {{ ref('stg_issued__top_ups') }}
),

lots as (
    select * from wallet_lots
    union all
    select * from top_ups
)

select * from lots
