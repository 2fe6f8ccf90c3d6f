-- R-NOTE: what credit notes credited of an invoice, in earlier closes and in this one, is never above its lines together, those
-- below 0 too: a maximum takes from what its charges can give back.
-- Grain: one row per invoice that is credited above its fees, and note of this close that credits it.

with

credited as (
    select invoice_number, amount
    from {{ ref('stg_issued__credit_note_lines') }}
    union all
    select invoice_number, amount
    from {{ ref('fct_credit_note_lines') }}
),

credited_amounts as (
    select
        invoice_number,
        sum(amount) as credited_amount
    from credited
    where invoice_number in (select invoice_number from {{ ref('fct_credit_note_lines') }})
    group by invoice_number
),

billed_amounts as (
    select
        invoice_number,
        sum(amount) as billed_amount
    from {{ ref('stg_issued__invoice_lines') }}
    where invoice_number in (select invoice_number from {{ ref('fct_credit_note_lines') }})
    group by invoice_number
),

notes as (select distinct invoice_number, document_key from {{ ref('fct_credit_note_lines') }})

select
    credited_amounts.invoice_number,
    notes.document_key,
    credited_amounts.credited_amount,
    billed_amounts.billed_amount
from credited_amounts
inner join notes on credited_amounts.invoice_number = notes.invoice_number
left join billed_amounts on credited_amounts.invoice_number = billed_amounts.invoice_number
where credited_amounts.credited_amount > coalesce(billed_amounts.billed_amount, 0)
