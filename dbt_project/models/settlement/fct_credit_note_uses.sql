-- R-NOTE-USE: what the invoices of this close use of credit notes, earlier ones and those of this close.
-- Grain: one row per (document_key, credit_note_document_key).

with

uses as (
    select document_key, credit_note_document_key, opening_note_number, payer_customer_id, currency, amount
    from {{ ref('int_settlement__credit_note_uses') }}
)

select * from uses
