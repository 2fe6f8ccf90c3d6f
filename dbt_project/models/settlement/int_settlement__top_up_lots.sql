-- R-TOP-UP: the lots that earlier closes topped up, and from when on each counts: a granted one from its close, a purchased one
-- from the day on which its invoice was paid in full. One that was granted to the wallet stays, whatever becomes of the payment.
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

invoices as (select invoice_number, amount_due from {{ ref('stg_issued__invoices') }}),

counted_before as (
    select lot_id, movement_date
    from {{ ref('stg_issued__credit_movements') }}
    where movement_kind = 'granted'
),

paid_days as (
    select
        payments.invoice_number,
        payments.paid_on,
        sum(sum(payments.amount)) over (
            partition by payments.invoice_number
            order by payments.paid_on
            rows between unbounded preceding and current row
        ) as paid_amount,
        sum(sum(payments.amount)) over (partition by payments.invoice_number) as paid_in_all_amount
    from {{ ref('stg_catalog__payments') }} as payments
    inner join running on payments.paid_on <= running.close_date
    group by payments.invoice_number, payments.paid_on
),

paid_invoices as (
    select
        invoices.invoice_number,
        min(paid_days.paid_on) as paid_on
    from invoices
    inner join paid_days on invoices.invoice_number = paid_days.invoice_number
    where paid_days.paid_amount >= invoices.amount_due and paid_days.paid_in_all_amount >= invoices.amount_due
    group by invoices.invoice_number
),

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
        top_ups.credit_rate,
        top_ups.credits,
        top_ups.amount
    from top_ups
    left join counted_before on top_ups.lot_id = counted_before.lot_id
    left join paid_invoices on top_ups.invoice_number = paid_invoices.invoice_number
)

select * from top_up_lots
