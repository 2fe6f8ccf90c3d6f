-- R-SEAL: the invoices of this close as drafts, each sealed by the hash of its canonical text. Publication adds number and dates.
-- Grain: one row per document_key.

with

running as (select close_date from {{ ref('stg_control__run') }}),

amounts_due as (
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
        total_amount,
        credit_note_amount,
        prepaid_credit_amount,
        amount_due
    from {{ ref('int_settlement__amounts_due') }}
),

document_texts as (select document_key, rows_text from {{ ref('fct_document_texts') }}),

billing_entities as (
    select billing_entity_code, invoice_prefix, net_payment_days from {{ ref('stg_catalog__billing_entities') }}
),

customers as (select customer_id, purchase_order, metadata from {{ ref('stg_catalog__customers') }}),

invoices as (
    select
        amounts_due.document_key,
        amounts_due.invoice_type,
        amounts_due.customer_id,
        amounts_due.payer_customer_id,
        amounts_due.billing_entity_code,
        amounts_due.currency,
        running.close_date,
        amounts_due.fees_amount,
        amounts_due.progressive_credit_amount,
        amounts_due.coupon_amount,
        amounts_due.tax_amount,
        amounts_due.total_amount,
        amounts_due.credit_note_amount,
        amounts_due.prepaid_credit_amount,
        amounts_due.amount_due,
        cast(null as varchar) as reporting_currency,
        cast(null as decimal(20, 4)) as reporting_amount,
        cast(null as decimal(20, 12)) as fx_rate,
        cast(null as date) as fx_date,
        customers.purchase_order,
        customers.metadata,
        billing_entities.invoice_prefix,
        billing_entities.net_payment_days,
        document_texts.rows_text
    from amounts_due
    cross join running
    inner join document_texts on amounts_due.document_key = document_texts.document_key
    inner join billing_entities on amounts_due.billing_entity_code = billing_entities.billing_entity_code
    inner join customers on amounts_due.payer_customer_id = customers.customer_id
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
        total_amount,
        credit_note_amount,
        prepaid_credit_amount,
        amount_due,
        reporting_currency,
        reporting_amount,
        fx_rate,
        fx_date,
        purchase_order,
        metadata,
        invoice_prefix,
        net_payment_days,
        {{ sha256_hex(canonical_row([
            'document_key', 'invoice_type', 'customer_id', 'payer_customer_id', 'billing_entity_code', 'currency',
            'close_date', 'fees_amount', 'progressive_credit_amount', 'coupon_amount', 'tax_amount', 'total_amount',
            'credit_note_amount', 'prepaid_credit_amount', 'amount_due', 'reporting_currency', 'reporting_amount',
            'fx_rate', 'fx_date', 'purchase_order', 'metadata', 'invoice_prefix', 'net_payment_days', 'rows_text'
        ])) }} as document_hash
    from invoices
)

select * from sealed
