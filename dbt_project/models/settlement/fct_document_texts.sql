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

-- Only where somebody else pays: else the text is the one that it was before payers were known.
customers as (
    select
        lines.document_key,
        {{ join_texts(canonical_row(['lines.line_number', 'lines.customer_id']), 'chr(30)', 'lines.line_number') }}
            as customers_text
    from {{ ref('fct_invoice_lines') }} as lines
    where lines.customer_id <> lines.payer_customer_id
    group by lines.document_key
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

use_texts as (select document_key, uses_text from {{ ref('int_settlement__use_texts') }}),

texts as (
    select
        settled_lines.document_key,
        settled_lines.lines_text || chr(29) || coalesce(invoice_taxes.taxes_text, '') || chr(29)
        || coalesce(use_texts.uses_text, '')
        || coalesce(chr(29) || chr(29) || chr(29) || customers.customers_text, '') as rows_text
    from settled_lines
    left join invoice_taxes on settled_lines.document_key = invoice_taxes.document_key
    left join use_texts on settled_lines.document_key = use_texts.document_key
    left join customers on settled_lines.document_key = customers.document_key
)

select * from texts
