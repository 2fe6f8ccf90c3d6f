select
    credit_note_lines.credit_note_number,
    credit_note_lines.line_number,
    publications.publication_no,
    credit_note_lines.invoice_number,
    credit_note_lines.invoice_line_number,
    credit_note_lines.amount,
    credit_note_lines.amount_unrounded,
    credit_note_lines.tax_codes,
    credit_note_lines.tax_rate,
    credit_note_lines.cause,
    credit_note_lines.subscription_id,
    credit_note_lines.description,
    credit_note_lines.price_details,
    credit_note_lines.currency,
    cast(coalesce(credit_note_lines.coupon_amount, 0) as decimal(20, 4)) as coupon_amount
from issued.credit_note_lines as credit_note_lines
inner join {publications} as publications on credit_note_lines.publication_sequence = publications.publication_sequence
