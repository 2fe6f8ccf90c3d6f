-- R-MANUAL-CREDIT: what is credited of invoice lines before a manual credit takes all that is left: by notes of earlier closes,
-- and in this one by other notes and by manual credits that state an amount.
-- Grain: one row per (invoice_number, line_number, taken_by, credit_key).

with

manual_credits as (select * from {{ ref('fct_manual_credits') }}),

credited_invoices as (
    select distinct invoice_number
    from manual_credits
    where line_number is null
),

taken as (
    select
        invoice_number,
        invoice_line_number as line_number,
        'earlier close' as taken_by,
        document_key || '/' || cast(line_number as varchar) as credit_key,
        amount
    from {{ ref('stg_issued__credit_note_lines') }}
    union all
    select
        invoice_number,
        invoice_line_number as line_number,
        'end' as taken_by,
        document_key || '/' || cast(line_number as varchar) as credit_key,
        amount
    from {{ ref('int_settlement__unused_day_credits') }}
    union all
    select
        invoice_number,
        invoice_line_number as line_number,
        'adjustment' as taken_by,
        document_key || '/' || cast(line_number as varchar) as credit_key,
        amount
    from {{ ref('int_settlement__adjustment_credits') }}
    union all
    select
        invoice_number,
        line_number,
        'manual credit' as taken_by,
        manual_credit_id as credit_key,
        amount
    from manual_credits
    where line_number is not null
),

of_credited_invoices as (
    select taken.*
    from taken
    inner join credited_invoices on taken.invoice_number = credited_invoices.invoice_number
)

select * from of_credited_invoices
