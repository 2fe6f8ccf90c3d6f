-- R-SEAL: the canonical text of an invoice's lines, taxes, draws and notes used: rows by key, columns in contract order,
-- decimals at contract scale, UTC ISO instants. Fields are parted by the unit separator and rows by the record separator, which
-- no code contains.
-- Grain: one row per document_key.

with

settled_lines as (
    select
        document_key,
        {{ join_texts(canonical_row([
            'line_number', 'line_key', 'subscription_id', 'fee_type', 'charge_code', 'metric_code', 'filter_code',
            'group_key', 'event_id', 'description', iso_instant('service_period_start'),
            iso_instant('service_period_end'), 'quantity', 'unit_amount', 'amount_unrounded', 'amount',
            'price_details', 'coupon_amount', 'tax_codes', 'tax_rate', 'tax_evidence', 'currency', 'cause',
            'original_invoice_number', 'original_line_number'
        ]), 'chr(30)', 'line_number') }} as lines_text
    from {{ ref('fct_settled_lines') }}
    group by document_key
),

invoice_taxes as (
    select
        document_key,
        {{ join_texts(canonical_row([
            'tax_code', 'tax_name', 'tax_rate', 'taxable_amount', 'tax_amount_unrounded', 'tax_amount', 'currency'
        ]), 'chr(30)', 'tax_code, tax_rate') }} as taxes_text
    from {{ ref('fct_invoice_taxes') }}
    group by document_key
),

wallet_draws as (
    select
        document_key,
        {{ join_texts(canonical_row([
            'wallet_id', 'lot_id', 'lot_kind', 'currency', 'amount'
        ]), 'chr(30)', 'lot_id') }} as draws_text
    from {{ ref('int_settlement__wallet_draws') }}
    group by document_key
),

-- Only where there are some: a document without notes has the text that it had before notes were known.
credit_note_uses as (
    select
        document_key,
        {{ join_texts(canonical_row([
            'credit_note_document_key', 'currency', 'amount'
        ]), 'chr(30)', 'credit_note_document_key') }} as uses_text
    from {{ ref('int_settlement__credit_note_uses') }}
    group by document_key
),

-- As notes, only where there are some.
coupon_uses as (
    select
        document_key,
        {{ join_texts(canonical_row([
            'applied_coupon_id', 'coupon_code', 'coupon_name', 'coupon_rank', 'slot', 'amount'
        ]), 'chr(30)', 'applied_coupon_id') }} as coupons_text
    from {{ ref('fct_coupon_uses') }}
    group by document_key
),

texts as (
    select
        settled_lines.document_key,
        settled_lines.lines_text || chr(29) || coalesce(invoice_taxes.taxes_text, '') || chr(29)
        || coalesce(wallet_draws.draws_text, '') || coalesce(chr(29) || credit_note_uses.uses_text, '')
        || coalesce(chr(29) || chr(29) || coupon_uses.coupons_text, '') as rows_text
    from settled_lines
    left join invoice_taxes on settled_lines.document_key = invoice_taxes.document_key
    left join wallet_draws on settled_lines.document_key = wallet_draws.document_key
    left join credit_note_uses on settled_lines.document_key = credit_note_uses.document_key
    left join coupon_uses on settled_lines.document_key = coupon_uses.document_key
)

select * from texts
