select
    invoice_lines.invoice_number,
    invoice_lines.line_number,
    invoice_lines.subscription_id,
    invoice_lines.fee_type,
    invoice_lines.charge_code,
    invoice_lines.metric_code,
    invoice_lines.filter_code,
    invoice_lines.group_key,
    invoice_lines.event_id,
    invoice_lines.description,
    invoice_lines.service_period_start,
    invoice_lines.service_period_end,
    invoice_lines.quantity,
    invoice_lines.unit_amount,
    invoice_lines.amount_unrounded,
    invoice_lines.amount,
    invoice_lines.price_details,
    invoice_lines.coupon_amount,
    invoice_lines.tax_codes,
    invoice_lines.tax_rate,
    invoice_lines.tax_evidence,
    invoice_lines.currency,
    invoice_lines.cause,
    invoice_lines.original_invoice_number,
    invoice_lines.original_line_number,
    coalesce(invoice_lines.customer_id, invoices.customer_id) as customer_id
from issued.invoice_lines as invoice_lines
inner join {publications} as publications on invoice_lines.publication_sequence = publications.publication_sequence
inner join issued.invoices as invoices
    on
        invoice_lines.document_key = invoices.document_key
        and invoice_lines.publication_sequence = invoices.publication_sequence
