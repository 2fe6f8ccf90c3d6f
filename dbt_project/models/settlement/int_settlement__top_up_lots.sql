-- R-TOP-UP: the lots that earlier closes topped up, and from when on each counts: a granted one from its close, a purchased one
-- from the day on which its invoice was paid in full. One that was granted to the wallet stays, whatever becomes of the payment;
-- one that is voided before is none.
-- Grain: one row per lot_id.

with

running as (select close_date from {{ ref('stg_control__run') }}),

top_ups as (
    select
        top_up_number,
        invoice_number,
        lot_id,
        lot_kind,
        wallet_id,
        topped_up_on,
        credit_rate,
        credits,
        amount
    from {{ ref('stg_issued__top_ups') }}
),

paid_invoices as (select invoice_number, paid_on from {{ ref('int_settlement__paid_invoices') }}),

counted_before as (
    select lot_id, movement_date
    from {{ ref('stg_issued__credit_movements') }}
    where movement_kind = 'granted'
),

voided as (select lot_id, voided_on from {{ ref('stg_catalog__voided_top_ups') }}),

top_up_lots as (
    select
        top_ups.top_up_number,
        top_ups.lot_id,
        top_ups.lot_kind,
        top_ups.wallet_id,
        coalesce(
            counted_before.movement_date,
            case when top_ups.lot_kind = 'granted' then top_ups.topped_up_on else paid_invoices.paid_on end
        ) as granted_on,
        voided.voided_on,
        top_ups.credit_rate,
        top_ups.credits,
        top_ups.amount
    from top_ups
    left join counted_before on top_ups.lot_id = counted_before.lot_id
    left join paid_invoices on top_ups.invoice_number = paid_invoices.invoice_number
    left join voided on top_ups.lot_id = voided.lot_id
),

-- What is given up before it counted never does.
standing as (
    select top_up_lots.*
    from top_up_lots
    left join counted_before on top_up_lots.lot_id = counted_before.lot_id
    cross join running
    where
        counted_before.lot_id is not null
        or top_up_lots.voided_on is null
        or running.close_date < top_up_lots.voided_on
)

select * from standing
