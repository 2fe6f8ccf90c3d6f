-- R-WALLET: every movement of prepaid credit in this close: lots granted since the last one, and what invoices drew.
-- Grain: one row per movement_key.

with

running as (select close_date from {{ ref('stg_control__run') }}),

new_lots as (
    select lot_id, wallet_id, lot_kind, customer_id, currency, granted_amount, granted_on
    from {{ ref('int_settlement__available_lots') }}
    where is_new
),

wallet_draws as (
    select document_key, lot_id, wallet_id, lot_kind, customer_id, currency, amount
    from {{ ref('int_settlement__wallet_draws') }}
),

movements as (
    select
        'granted/' || lot_id as movement_key,
        cast(null as varchar) as document_key,
        'granted' as movement_kind,
        wallet_id,
        lot_id,
        lot_kind,
        customer_id,
        currency,
        granted_amount as amount,
        granted_on as movement_date
    from new_lots
    union all
    select
        'used/' || wallet_draws.document_key || '/' || wallet_draws.lot_id as movement_key,
        wallet_draws.document_key,
        'used' as movement_kind,
        wallet_draws.wallet_id,
        wallet_draws.lot_id,
        wallet_draws.lot_kind,
        wallet_draws.customer_id,
        wallet_draws.currency,
        wallet_draws.amount,
        running.close_date as movement_date
    from wallet_draws
    cross join running
)

select * from movements
