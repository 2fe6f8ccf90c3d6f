-- The drafts' taxes with their invoice's number.
-- Grain: one row per (document_key, tax_code).

with

publishing as (select publication_sequence from temp.publishing),

numbers as (
    select invoices.document_key, invoices.invoice_number
    from issued.invoices
    inner join publishing on invoices.publication_sequence = publishing.publication_sequence
),

numbered as (
    select fct_invoice_taxes.*, numbers.invoice_number
    from settlement.fct_invoice_taxes
    left join numbers on fct_invoice_taxes.document_key = numbers.document_key
)

select * from numbered
