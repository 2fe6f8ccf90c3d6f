-- R-NOTE: the invoices that earlier closes issued, in publications that are visible: whom a note credits, and what is due.
-- Grain: one row per invoice_number.

with

publications as (select publication_sequence from {{ ref('stg_issued__publications') }}),

invoices as (
    select
        publication_sequence,
        document_key,
        coalesce(invoice_number, document_key) as invoice_number,
        invoice_type,
        customer_id,
        payer_customer_id,
        billing_entity_code,
        currency,
        tax_amount,
        total_amount,
        prepaid_credit_amount,
        amount_due,
        reporting_currency,
        fx_rate,
        fx_date
    from {{ source('issued', 'invoices') }}
),

visible_before_the_run as (
    select
        invoices.document_key,
        invoices.invoice_number,
        invoices.invoice_type,
        invoices.customer_id,
        invoices.payer_customer_id,
        invoices.billing_entity_code,
        invoices.currency,
        invoices.tax_amount,
        invoices.total_amount,
        invoices.prepaid_credit_amount,
        invoices.amount_due,
        invoices.reporting_currency,
        invoices.fx_rate,
        invoices.fx_date
    from invoices
    inner join publications on invoices.publication_sequence = publications.publication_sequence
)

select * from visible_before_the_run
