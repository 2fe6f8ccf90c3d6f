-- R-NOTE: the lines of the credit notes of this close, each with what it gives back and why.
-- Grain: one row per (document_key, line_number).

with

credited_lines as (
    select
        document_key,
        line_number,
        invoice_number,
        invoice_line_number,
        subscription_id,
        description,
        amount_unrounded,
        amount,
        coupon_amount,
        price_details,
        tax_codes,
        tax_rate,
        currency,
        cause
    from {{ ref('int_settlement__discounted_credits') }}
),

credit_notes as (select document_key from {{ ref('int_settlement__credit_note_totals') }}),

lines as (
    select credited_lines.*
    from credited_lines
    inner join credit_notes on credited_lines.document_key = credit_notes.document_key
)

select * from lines
