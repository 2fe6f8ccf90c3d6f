-- R-TOP-UP: the invoices that are paid in full, and the day on which payments reached the amount due. Where some was taken back
-- afterwards, it is not paid.
-- Grain: one row per invoice_number.

with

running as (select close_date from {{ ref('stg_control__run') }}),

invoices as (select invoice_number, amount_due from {{ ref('stg_issued__invoices') }}),

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
)

select * from paid_invoices
