-- R-WALLET: the lots of credit that can be drawn from on the close date, with what is left of each, in the order of drawing:
-- wallets by priority, then place in the file; in a wallet lots by priority, soonest expiry, granted before purchased, then
-- age. Lots of one wallet and priority that hold something and are not voided are one step of drawing.
-- Grain: one row per lot_id.

with

lot_balances as (select * from {{ ref('int_settlement__lot_balances') }}),

wallets as (
    select row_number, wallet_id, customer_id, currency, priority, scope_fee_types
    from {{ ref('stg_catalog__wallets') }}
),

lot_expiries as (select lot_id, expires_at, has_lapsed from {{ ref('fct_lot_expiries') }}),

available as (
    select
        lot_balances.lot_id,
        lot_balances.wallet_id,
        lot_balances.lot_kind,
        lot_balances.granted_on,
        wallets.customer_id,
        wallets.currency,
        wallets.scope_fee_types,
        lot_expiries.expires_at,
        coalesce(lot_expiries.has_lapsed, false) or lot_balances.is_voided as has_lapsed,
        lot_balances.is_voided,
        lot_balances.is_new,
        lot_balances.credit_rate,
        lot_balances.granted_credits,
        lot_balances.granted_amount,
        lot_balances.available_amount,
        cast(
            row_number() over (
                partition by wallets.customer_id, wallets.currency
                order by
                    wallets.priority,
                    wallets.row_number,
                    lot_balances.lot_priority,
                    lot_expiries.expires_at nulls last,
                    lot_balances.lot_kind,
                    lot_balances.granted_on,
                    lot_balances.row_number
            ) as integer
        ) as drawing_rank,
        cast(
            case
                when lot_balances.available_amount > 0 and not lot_balances.is_voided
                    then
                        dense_rank() over (
                            partition by
                                wallets.customer_id,
                                wallets.currency,
                                lot_balances.available_amount > 0,
                                lot_balances.is_voided
                            order by wallets.priority, wallets.row_number, lot_balances.lot_priority
                        )
            end as integer
        ) as drawing_step
    from lot_balances
    inner join wallets on lot_balances.wallet_id = wallets.wallet_id
    left join lot_expiries on lot_balances.lot_id = lot_expiries.lot_id
)

select * from available
