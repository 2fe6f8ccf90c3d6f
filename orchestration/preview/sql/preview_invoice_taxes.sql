select
    taxes.document_key,
    taxes.tax_code,
    taxes.tax_name,
    taxes.tax_rate,
    taxes.taxable_amount,
    taxes.tax_amount,
    taxes.currency
from settlement.fct_invoice_taxes as taxes
inner join kept_documents on taxes.document_key = kept_documents.document_key
order by taxes.document_key, taxes.tax_code, taxes.tax_rate
