-- Published invoices. Grain: one row per invoice_number.

with

publications as (select publication_sequence, publication_no from issued.publications),

visible as (
    select
        invoices.invoice_number,
        invoices.invoice_type,
        invoices.customer_id,
        invoices.payer_customer_id,
        invoices.billing_entity_code,
        invoices.currency,
        invoices.issue_date,
        invoices.due_date,
        invoices.close_date,
        publications.publication_no,
        case when invoices.amount_due = 0 then 'paid' else 'open' end as status,
        invoices.fees_amount,
        invoices.progressive_credit_amount,
        invoices.coupon_amount,
        invoices.tax_amount,
        invoices.total_amount,
        invoices.credit_note_amount,
        invoices.prepaid_credit_amount,
        invoices.amount_due,
        invoices.reporting_currency,
        invoices.reporting_amount,
        invoices.fx_rate,
        invoices.fx_date,
        invoices.purchase_order,
        invoices.metadata,
        invoices.document_hash
    from issued.invoices
    inner join publications on invoices.publication_sequence = publications.publication_sequence
)

select * from visible
