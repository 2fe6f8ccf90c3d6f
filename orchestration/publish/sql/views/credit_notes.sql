-- Published credit notes. Grain: one row per credit_note_number.

with

publications as (select publication_sequence, publication_no from issued.publications),

visible as (
    select
        credit_notes.credit_note_number,
        credit_notes.number_index,
        credit_notes.issue_date,
        publications.publication_no,
        credit_notes.invoice_number,
        credit_notes.customer_id,
        credit_notes.payer_customer_id,
        credit_notes.billing_entity_code,
        credit_notes.currency,
        credit_notes.reason,
        credit_notes.subtotal_amount,
        credit_notes.tax_amount,
        credit_notes.total_amount,
        credit_notes.credit_amount,
        credit_notes.refund_amount,
        credit_notes.offset_amount,
        credit_notes.document_hash
    from issued.credit_notes
    inner join publications on credit_notes.publication_sequence = publications.publication_sequence
)

select * from visible
