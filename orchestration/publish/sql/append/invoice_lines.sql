-- The drafts' lines with their invoice's number; a line without one is found by checks/rows_without_a_number.sql.
-- Grain: one row per (document_key, line_number).

with

publishing as (select publication_sequence from temp.publishing),

numbers as (
    select invoices.document_key, invoices.invoice_number
    from issued.invoices
    inner join publishing on invoices.publication_sequence = publishing.publication_sequence
),

numbered as (
    select fct_settled_lines.*, numbers.invoice_number
    from settlement.fct_settled_lines
    left join numbers on fct_settled_lines.document_key = numbers.document_key
)

select * from numbered
