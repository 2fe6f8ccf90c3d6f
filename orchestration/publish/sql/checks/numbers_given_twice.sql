-- An invoice number that two invoices bear, whichever entity or publication they are of.
-- Grain: one row per invoice_number.

with

numbers as (
    select
        invoice_number,
        count(*) as invoices,
        string_agg(document_key, ', ' order by document_key) as document_keys
    from issued.invoices
    group by invoice_number
)

select * from numbers where invoices > 1
