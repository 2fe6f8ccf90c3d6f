select
    invoice_taxes.invoice_number,
    invoice_taxes.tax_code,
    invoice_taxes.tax_name,
    invoice_taxes.tax_rate,
    invoice_taxes.taxable_amount,
    invoice_taxes.tax_amount,
    invoice_taxes.currency
from issued.invoice_taxes as invoice_taxes
inner join {publications} as publications on invoice_taxes.publication_sequence = publications.publication_sequence
