-- R-EXPIRY: the wallet lots that expire, with the zone of their customer. A lot expires with its wallet, or before it.
-- Grain: one row per lot_id.

with

wallet_lots as (select lot_id, wallet_id, expires_on from {{ ref('int_subscriptions__wallet_lots') }}),

wallets as (select wallet_id, customer_id, expires_on from {{ ref('stg_catalog__wallets') }}),

customers as (select customer_id, billing_entity_code, timezone from {{ ref('stg_catalog__customers') }}),

billing_entities as (select billing_entity_code, timezone from {{ ref('stg_catalog__billing_entities') }}),

expiring as (
    select
        wallet_lots.lot_id,
        wallets.customer_id,
        least(
            coalesce(wallet_lots.expires_on, wallets.expires_on), coalesce(wallets.expires_on, wallet_lots.expires_on)
        ) as expires_on,
        {{ customer_zone('customers', 'billing_entities') }} as timezone
    from wallet_lots
    inner join wallets on wallet_lots.wallet_id = wallets.wallet_id
    inner join customers on wallets.customer_id = customers.customer_id
    inner join billing_entities on customers.billing_entity_code = billing_entities.billing_entity_code
    where wallet_lots.expires_on is not null or wallets.expires_on is not null
)

select * from expiring
