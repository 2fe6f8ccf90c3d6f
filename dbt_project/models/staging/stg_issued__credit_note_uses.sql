-- R-NOTE-USE: what invoices of earlier closes used of credit notes, in publications that are visible.
-- Grain: one row per (document_key, credit_note_document_key).

with

publications as (select publication_sequence from {{ ref('stg_issued__publications') }}),

credit_note_uses as (
    select publication_sequence, document_key, credit_note_document_key, amount
    from {{ source('issued', 'credit_note_uses') }}
),

visible_before_the_run as (
    select
        credit_note_uses.document_key,
        credit_note_uses.credit_note_document_key,
        credit_note_uses.amount
    from credit_note_uses
    inner join publications on credit_note_uses.publication_sequence = publications.publication_sequence
)

select * from visible_before_the_run
