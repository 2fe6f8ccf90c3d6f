-- Taxes of published invoices. Grain: one row per (invoice_number, tax_code).

with

publications as (select publication_sequence from issued.publications),

visible as (
    select
        invoice_taxes.invoice_number,
        invoice_taxes.tax_code,
        invoice_taxes.tax_name,
        invoice_taxes.tax_rate,
        invoice_taxes.taxable_amount,
        invoice_taxes.tax_amount,
        invoice_taxes.currency
    from issued.invoice_taxes
    inner join publications on invoice_taxes.publication_sequence = publications.publication_sequence
)

select * from visible
