select
    credit_note_taxes.credit_note_number,
    credit_note_taxes.tax_code,
    credit_note_taxes.tax_name,
    credit_note_taxes.tax_rate,
    credit_note_taxes.taxable_amount,
    credit_note_taxes.tax_amount,
    credit_note_taxes.currency
from issued.credit_note_taxes as credit_note_taxes
inner join {publications} as publications on credit_note_taxes.publication_sequence = publications.publication_sequence
