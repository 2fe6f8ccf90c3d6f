-- A document without key, hash, number or dates, or whose key another has: its lines would be lost or doubled.
-- Grain: one row per offending document_key.

with

publishing as (select publication_sequence from temp.publishing),

documents as (
    select
        invoices.document_key,
        count(*) as documents,
        count(invoices.document_hash) as hashes,
        count(invoices.invoice_number) as numbers,
        count(invoices.due_date) as due_dates
    from issued.invoices
    inner join publishing on invoices.publication_sequence = publishing.publication_sequence
    group by invoices.document_key
)

select * from documents
where document_key is null or documents > 1 or hashes < 1 or numbers < 1 or due_dates < 1
