select
    publications.publication_sequence,
    publications.close_sequence,
    publications.close_date,
    publications.publication_no,
    publications.cutoff_batch,
    publications.catalog_version,
    publications.invoice_count,
    publications.drafts_digest,
    publications.publication_hash,
    publications.previous_publication_hash
from {publications} as publications
