select
    credit_note_uses.invoice_number,
    credit_note_uses.credit_note_number,
    publications.close_date,
    publications.publication_no,
    credit_note_uses.payer_customer_id,
    credit_note_uses.currency,
    credit_note_uses.amount
from issued.credit_note_uses as credit_note_uses
inner join {publications} as publications on credit_note_uses.publication_sequence = publications.publication_sequence
