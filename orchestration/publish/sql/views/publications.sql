-- What was published when, and from which inputs. Grain: one row per publication_sequence.

with

publications as (
    select
        publication_sequence,
        close_sequence,
        close_date,
        publication_no,
        cutoff_batch,
        catalog_version,
        invoice_count,
        drafts_digest,
        publication_hash,
        previous_publication_hash
    from issued.publications
)

select * from publications
