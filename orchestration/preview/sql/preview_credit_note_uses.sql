-- What is left of a note once the invoice, and drafts before it, have used it. A note that the same close would issue has no
-- number yet.
select
    uses.document_key,
    coalesce(issued_notes.credit_note_number, uses.opening_note_number, 'of this close') as credit_note_number,
    uses.currency,
    uses.amount as used_amount,
    coalesce(issued_notes.credit_amount, opening_notes.credit_amount, drafted_notes.credit_amount)
    - coalesce(uses_before.amount, 0)
    - sum(uses.amount) over (
        partition by uses.credit_note_document_key
        order by uses.document_key
    ) as balance_amount
from settlement.fct_credit_note_uses as uses
inner join kept_documents on uses.document_key = kept_documents.document_key
left join issued.credit_notes as issued_notes
    on uses.credit_note_document_key = issued_notes.document_key
left join staging.stg_catalog__opening_credit_notes as opening_notes
    on uses.credit_note_document_key = opening_notes.document_key
left join settlement.fct_credit_notes as drafted_notes
    on uses.credit_note_document_key = drafted_notes.document_key
left join (
    select credit_note_document_key, sum(amount) as amount
    from staging.stg_issued__credit_note_uses
    group by credit_note_document_key
) as uses_before
    on uses.credit_note_document_key = uses_before.credit_note_document_key
order by uses.document_key, uses.credit_note_document_key
