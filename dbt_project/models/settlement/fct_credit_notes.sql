-- R-NOTE: the credit notes of this close as drafts, each sealed by the hash of its canonical text. Publication adds number and
-- date.
-- Grain: one row per document_key.

with

running as (select close_date from {{ ref('stg_control__run') }}),

parts as (
    select
        document_key,
        invoice_number,
        subscription_id,
        reason,
        customer_id,
        payer_customer_id,
        billing_entity_code,
        currency,
        subtotal_amount,
        tax_amount,
        total_amount,
        credit_amount,
        refund_amount,
        offset_amount,
        returned_amount
    from {{ ref('int_settlement__credit_note_parts') }}
),

reported_notes as (select * from {{ ref('int_settlement__reported_notes') }}),

texts as (select document_key, rows_text from {{ ref('fct_credit_note_texts') }}),

billing_entities as (
    select billing_entity_code, invoice_prefix from {{ ref('stg_catalog__billing_entities') }}
),

credit_notes as (
    select
        parts.document_key,
        running.close_date,
        parts.invoice_number,
        parts.subscription_id,
        parts.customer_id,
        parts.payer_customer_id,
        parts.billing_entity_code,
        parts.currency,
        parts.reason,
        parts.subtotal_amount,
        parts.tax_amount,
        parts.total_amount,
        parts.credit_amount,
        parts.refund_amount,
        parts.offset_amount,
        parts.returned_amount,
        reported_notes.reporting_currency,
        reported_notes.reporting_amount,
        reported_notes.reporting_tax_amount,
        reported_notes.fx_rate,
        reported_notes.fx_date,
        billing_entities.invoice_prefix,
        texts.rows_text
    from parts
    cross join running
    inner join texts on parts.document_key = texts.document_key
    left join reported_notes on parts.document_key = reported_notes.document_key
    left join billing_entities on parts.billing_entity_code = billing_entities.billing_entity_code
),

sealed as (
    select
        document_key,
        close_date,
        invoice_number,
        subscription_id,
        customer_id,
        payer_customer_id,
        billing_entity_code,
        currency,
        reason,
        subtotal_amount,
        tax_amount,
        total_amount,
        credit_amount,
        refund_amount,
        offset_amount,
        returned_amount,
        reporting_currency,
        reporting_amount,
        reporting_tax_amount,
        fx_rate,
        fx_date,
        invoice_prefix,
        -- What is reported follows from what is hashed here and in the invoice, and notes before had none.
        {{ sha256_hex(canonical_row([
            'document_key', 'close_date', 'invoice_number', 'subscription_id', 'customer_id', 'payer_customer_id',
            'billing_entity_code', 'currency', 'reason', 'subtotal_amount', 'tax_amount', 'total_amount',
            'credit_amount', 'refund_amount', 'offset_amount', 'invoice_prefix', 'rows_text'
        ])) }} as document_hash
    from credit_notes
)

select * from sealed
