-- R-NOTE: the invoice lines that earlier closes credited, in publications that are visible.
-- Grain: one row per (document_key, line_number).

with

publications as (select publication_sequence from {{ ref('stg_issued__publications') }}),

credit_note_lines as (
    select
        publication_sequence,
        document_key,
        line_number,
        invoice_number,
        invoice_line_number,
        subscription_id,
        amount,
        coalesce(coupon_amount, 0) as coupon_amount,
        amount_unrounded,
        cause,
        price_details
    from {{ source('issued', 'credit_note_lines') }}
),

visible_before_the_run as (
    select
        credit_note_lines.document_key,
        credit_note_lines.line_number,
        credit_note_lines.invoice_number,
        credit_note_lines.invoice_line_number,
        credit_note_lines.subscription_id,
        credit_note_lines.amount,
        cast(credit_note_lines.coupon_amount as decimal(20, 4)) as coupon_amount,
        credit_note_lines.amount_unrounded,
        credit_note_lines.cause,
        credit_note_lines.price_details
    from credit_note_lines
    inner join publications on credit_note_lines.publication_sequence = publications.publication_sequence
)

select * from visible_before_the_run
