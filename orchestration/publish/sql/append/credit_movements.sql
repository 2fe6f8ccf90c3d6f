-- The drafts' credit movements with the number of the invoice that draws; a grant has none.
-- Grain: one row per movement_key.

with

publishing as (select publication_sequence from temp.publishing),

numbers as (
    select invoices.document_key, invoices.invoice_number
    from issued.invoices
    inner join publishing on invoices.publication_sequence = publishing.publication_sequence
),

numbered as (
    select fct_credit_movements.*, numbers.invoice_number
    from settlement.fct_credit_movements
    left join numbers on fct_credit_movements.document_key = numbers.document_key
)

select * from numbered
