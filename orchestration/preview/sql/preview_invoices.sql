select
    invoices.document_key,
    true as is_draft,
    as_of.previewed_at,
    as_of.cutoff_batch,
    as_of.catalog_version,
    invoices.close_date,
    invoices.close_date as issue_date,
    cast(invoices.close_date + invoices.net_payment_days * interval '1' day as date) as due_date,
    invoices.invoice_type,
    invoices.customer_id,
    invoices.payer_customer_id,
    invoices.billing_entity_code,
    invoices.currency,
    invoices.fees_amount,
    invoices.progressive_credit_amount,
    invoices.coupon_amount,
    invoices.tax_amount,
    invoices.effective_tax_rate,
    invoices.total_amount,
    invoices.credit_note_amount,
    invoices.prepaid_credit_amount,
    invoices.amount_due,
    invoices.reporting_currency,
    invoices.reporting_amount,
    invoices.reporting_tax_amount,
    invoices.fx_rate,
    invoices.fx_date,
    invoices.purchase_order,
    invoices.metadata
from settlement.fct_invoices as invoices
inner join kept_documents on invoices.document_key = kept_documents.document_key
cross join as_of
order by invoices.document_key
