-- R-UNITS: what each lot of a wallet in units puts into it, and its place in the order of drawing. A purchased lot counts from
-- the day on which it was paid.
-- Grain: one row per lot_id.

with

wallet_lots as (
    select row_number, lot_id, wallet_id, lot_kind, units, granted_on, paid_on, lot_priority, voided_on
    from {{ ref('stg_catalog__wallet_lots') }}
),

wallets as (
    select row_number, wallet_id, customer_id, metric_code, priority
    from {{ ref('stg_catalog__wallets') }}
    where metric_code is not null
),

lot_expiries as (select lot_id, expires_at, has_lapsed from {{ ref('fct_lot_expiries') }}),

running as (select close_date from {{ ref('stg_control__run') }}),

grants as (
    select
        wallet_lots.lot_id,
        wallet_lots.wallet_id,
        wallet_lots.lot_kind,
        wallets.customer_id,
        wallets.metric_code,
        wallets.priority as wallet_priority,
        wallets.row_number as wallet_row_number,
        wallet_lots.lot_priority,
        wallet_lots.row_number,
        greatest(wallet_lots.granted_on, coalesce(wallet_lots.paid_on, wallet_lots.granted_on)) as granted_on,
        lot_expiries.expires_at,
        coalesce(lot_expiries.has_lapsed, false) as has_lapsed,
        wallet_lots.voided_on,
        wallet_lots.units
    from wallet_lots
    inner join wallets on wallet_lots.wallet_id = wallets.wallet_id
    left join lot_expiries on wallet_lots.lot_id = lot_expiries.lot_id
),

granted_by_now as (
    select
        grants.lot_id,
        grants.wallet_id,
        grants.lot_kind,
        grants.customer_id,
        grants.metric_code,
        grants.wallet_priority,
        grants.wallet_row_number,
        grants.lot_priority,
        grants.row_number,
        grants.granted_on,
        grants.expires_at,
        grants.has_lapsed or coalesce(grants.voided_on <= running.close_date, false) as has_lapsed,
        coalesce(grants.voided_on <= running.close_date, false) as is_voided,
        grants.units
    from grants
    inner join running on grants.granted_on <= running.close_date
)

select * from granted_by_now
