-- R-SEAL: the canonical text of a credit note's lines, taxes and returns, as of invoices.
-- Grain: one row per document_key.

with

lines as (
    select
        document_key,
        {{ join_texts(canonical_row([
            'line_number', 'invoice_number', 'invoice_line_number', 'subscription_id', 'description',
            'amount_unrounded', 'amount', 'price_details', 'tax_codes', 'tax_rate', 'currency', 'cause'
        ]), 'chr(30)', 'line_number') }} as lines_text
    from {{ ref('fct_credit_note_lines') }}
    group by document_key
),

taxes as (
    select
        document_key,
        {{ join_texts(canonical_row([
            'tax_code', 'tax_name', 'tax_rate', 'taxable_amount', 'tax_amount_unrounded', 'tax_amount', 'currency'
        ]), 'chr(30)', 'tax_code, tax_rate') }} as taxes_text
    from {{ ref('fct_credit_note_taxes') }}
    group by document_key
),

-- Only where there are some: a note that returns nothing has the text that it had before returns were known.
returned_credits as (
    select
        document_key,
        {{ join_texts(canonical_row([
            'wallet_id', 'lot_id', 'lot_kind', 'currency', 'amount'
        ]), 'chr(30)', 'lot_id') }} as returns_text
    from {{ ref('int_settlement__returned_credits') }}
    group by document_key
),

-- As returns, only where there are some.
coupons as (
    select
        document_key,
        {{ join_texts(canonical_row(['line_number', 'coupon_amount']), 'chr(30)', 'line_number') }} as coupons_text
    from {{ ref('fct_credit_note_lines') }}
    where coupon_amount <> 0
    group by document_key
),

texts as (
    select
        lines.document_key,
        lines.lines_text || chr(29) || coalesce(taxes.taxes_text, '')
        || coalesce(chr(29) || returned_credits.returns_text, '')
        || coalesce(chr(29) || chr(29) || coupons.coupons_text, '') as rows_text
    from lines
    left join taxes on lines.document_key = taxes.document_key
    left join returned_credits on lines.document_key = returned_credits.document_key
    left join coupons on lines.document_key = coupons.document_key
)

select * from texts
