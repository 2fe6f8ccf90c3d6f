-- The row that makes the others visible. Its hash covers the hash before, the publication's own facts, and hash, number
-- and dates of each document in the order of the numbers: who changes one published document breaks every later hash.
-- Grain: exactly one row.

with

publishing as (
    select
        publication_sequence,
        close_sequence,
        publication_no,
        close_date,
        cutoff_batch,
        catalog_version,
        drafts_digest,
        previous_publication_hash
    from temp.publishing
),

documents as (
    select
        cast(count(*) as integer) as invoice_count,
        coalesce(string_agg(
            invoices.document_hash || ' ' || invoices.invoice_number || ' '
            || cast(invoices.issue_date as text) || ' ' || cast(invoices.due_date as text) || chr(10),
            '' order by invoices.billing_entity_code, invoices.number_index
        ), '') as sealed_text
    from issued.invoices
    inner join publishing on invoices.publication_sequence = publishing.publication_sequence
),

facts as (
    select
        publishing.*,
        documents.invoice_count,
        documents.sealed_text,
        cast(publishing.publication_sequence as text) || ' ' || cast(publishing.close_date as text) || ' '
        || cast(publishing.publication_no as text) || ' ' || cast(publishing.cutoff_batch as text) || ' '
        || publishing.catalog_version || ' ' || publishing.drafts_digest || chr(10) as publication_text
    from publishing
    cross join documents
),

sealed as (
    select
        facts.*,
        sha256(facts.previous_publication_hash || chr(10) || facts.publication_text || facts.sealed_text)
            as publication_hash
    from facts
)

select * from sealed
