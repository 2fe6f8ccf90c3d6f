-- R-NOTE: what credit notes credited of an invoice line, in earlier closes and in this one, is never above what the line billed.
-- Grain: one row per invoice line that is credited above its amount, and note of this close that credits it.

with

credited as (
    select invoice_number, invoice_line_number, amount
    from {{ ref('stg_issued__credit_note_lines') }}
    union all
    select invoice_number, invoice_line_number, amount
    from {{ ref('fct_credit_note_lines') }}
),

credited_amounts as (
    select
        invoice_number,
        invoice_line_number,
        sum(amount) as credited_amount
    from credited
    group by invoice_number, invoice_line_number
),

notes as (
    select distinct invoice_number, invoice_line_number, document_key
    from {{ ref('fct_credit_note_lines') }}
)

select
    credited_amounts.invoice_number,
    credited_amounts.invoice_line_number,
    notes.document_key,
    credited_amounts.credited_amount,
    lines.amount as billed_amount
from credited_amounts
left join {{ ref('stg_issued__invoice_lines') }} as lines
    on
        credited_amounts.invoice_number = lines.invoice_number
        and credited_amounts.invoice_line_number = lines.line_number
left join notes
    on
        credited_amounts.invoice_number = notes.invoice_number
        and credited_amounts.invoice_line_number = notes.invoice_line_number
where credited_amounts.credited_amount > coalesce(lines.amount, 0)
