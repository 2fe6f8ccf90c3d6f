select
    credit_notes.credit_note_number,
    credit_notes.number_index,
    credit_notes.issue_date,
    publications.publication_no,
    credit_notes.invoice_number,
    credit_notes.customer_id,
    credit_notes.payer_customer_id,
    credit_notes.billing_entity_code,
    credit_notes.currency,
    credit_notes.reason,
    credit_notes.subtotal_amount,
    credit_notes.tax_amount,
    credit_notes.total_amount,
    credit_notes.credit_amount,
    credit_notes.refund_amount,
    credit_notes.offset_amount,
    cast(coalesce(used.amount, 0) as decimal(20, 4)) as used_amount,
    cast(credit_notes.credit_amount - coalesce(used.amount, 0) as decimal(20, 4)) as balance_amount,
    credit_notes.document_hash,
    credit_notes.subscription_id,
    cast(coalesce(credit_notes.returned_amount, 0) as decimal(20, 4)) as returned_amount,
    credit_notes.reporting_currency,
    credit_notes.reporting_amount,
    credit_notes.reporting_tax_amount,
    credit_notes.fx_rate,
    credit_notes.fx_date
from issued.credit_notes as credit_notes
inner join {publications} as publications on credit_notes.publication_sequence = publications.publication_sequence
left join (
    select uses.credit_note_number, sum(uses.amount) as amount
    from issued.credit_note_uses as uses
    inner join {publications} as publications on uses.publication_sequence = publications.publication_sequence
    group by uses.credit_note_number
) as used on credit_notes.credit_note_number = used.credit_note_number
