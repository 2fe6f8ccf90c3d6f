-- Lines of published credit notes. Grain: one row per (credit_note_number, line_number).

with

publications as (select publication_sequence, publication_no from issued.publications),

visible as (
    select
        credit_note_lines.credit_note_number,
        credit_note_lines.line_number,
        publications.publication_no,
        credit_note_lines.invoice_number,
        credit_note_lines.invoice_line_number,
        credit_note_lines.amount,
        credit_note_lines.amount_unrounded,
        credit_note_lines.tax_codes,
        credit_note_lines.tax_rate,
        credit_note_lines.cause
    from issued.credit_note_lines
    inner join publications on credit_note_lines.publication_sequence = publications.publication_sequence
)

select * from visible
