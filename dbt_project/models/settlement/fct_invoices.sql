-- R-SEAL: the invoices of this close as drafts, each sealed by the hash of its canonical text. Publication adds number and dates.
-- Grain: one row per document_key.

with

running as (select close_date from {{ ref('stg_control__run') }}),

reported_amounts as (
    select
        document_key,
        invoice_type,
        customer_id,
        payer_customer_id,
        billing_entity_code,
        currency,
        fees_amount,
        progressive_credit_amount,
        coupon_amount,
        tax_amount,
        effective_tax_rate,
        total_amount,
        credit_note_amount,
        prepaid_credit_amount,
        amount_due,
        reporting_currency,
        reporting_amount,
        reporting_tax_amount,
        fx_rate,
        fx_date
    from {{ ref('int_settlement__reported_amounts') }}
),

document_texts as (select document_key, rows_text from {{ ref('fct_document_texts') }}),

billing_entities as (
    select billing_entity_code, invoice_prefix, net_payment_days from {{ ref('stg_catalog__billing_entities') }}
),

customers as (select customer_id, purchase_order, metadata from {{ ref('stg_catalog__customers') }}),

invoices as (
    select
        reported_amounts.document_key,
        reported_amounts.invoice_type,
        reported_amounts.customer_id,
        reported_amounts.payer_customer_id,
        reported_amounts.billing_entity_code,
        reported_amounts.currency,
        running.close_date,
        reported_amounts.fees_amount,
        reported_amounts.progressive_credit_amount,
        reported_amounts.coupon_amount,
        reported_amounts.tax_amount,
        reported_amounts.effective_tax_rate,
        reported_amounts.total_amount,
        reported_amounts.credit_note_amount,
        reported_amounts.prepaid_credit_amount,
        reported_amounts.amount_due,
        reported_amounts.reporting_currency,
        reported_amounts.reporting_amount,
        reported_amounts.reporting_tax_amount,
        reported_amounts.fx_rate,
        reported_amounts.fx_date,
        customers.purchase_order,
        customers.metadata,
        billing_entities.invoice_prefix,
        billing_entities.net_payment_days,
        document_texts.rows_text
    from reported_amounts
    cross join running
    inner join document_texts on reported_amounts.document_key = document_texts.document_key
    inner join billing_entities on reported_amounts.billing_entity_code = billing_entities.billing_entity_code
    inner join customers on reported_amounts.payer_customer_id = customers.customer_id
),

sealed as (
    select
        document_key,
        invoice_type,
        customer_id,
        payer_customer_id,
        billing_entity_code,
        currency,
        close_date,
        fees_amount,
        progressive_credit_amount,
        coupon_amount,
        tax_amount,
        effective_tax_rate,
        total_amount,
        credit_note_amount,
        prepaid_credit_amount,
        amount_due,
        reporting_currency,
        reporting_amount,
        reporting_tax_amount,
        fx_rate,
        fx_date,
        purchase_order,
        metadata,
        invoice_prefix,
        net_payment_days,
        -- The effective rate and the reported tax follow from what is hashed, and invoices before them had neither.
        {{ sha256_hex(canonical_row([
            'document_key', 'invoice_type', 'customer_id', 'payer_customer_id', 'billing_entity_code', 'currency',
            'close_date', 'fees_amount', 'progressive_credit_amount', 'coupon_amount', 'tax_amount',
            'total_amount', 'credit_note_amount', 'prepaid_credit_amount', 'amount_due', 'reporting_currency',
            'reporting_amount', 'fx_rate', 'fx_date', 'purchase_order', 'metadata', 'invoice_prefix',
            'net_payment_days', 'rows_text'
        ])) }} as document_hash
    from invoices
)

select * from sealed
