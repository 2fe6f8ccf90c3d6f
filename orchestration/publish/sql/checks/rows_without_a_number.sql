-- A line, tax or draw that belongs to no document of the publication.
-- Grain: one row per offending row.

with

publishing as (select publication_sequence from temp.publishing),

numbered as (
    select publication_sequence, 'line ' || coalesce(line_key, '?') as row_name, document_key, invoice_number
    from issued.invoice_lines
    union all
    select publication_sequence, 'tax ' || coalesce(tax_code, '?') as row_name, document_key, invoice_number
    from issued.invoice_taxes
    union all
    select publication_sequence, 'movement ' || coalesce(movement_key, '?') as row_name, document_key, invoice_number
    from issued.credit_movements
    -- A grant belongs to no document.
    where movement_kind <> 'granted' or document_key is not null
)

select numbered.row_name, numbered.document_key
from numbered
inner join publishing on numbered.publication_sequence = publishing.publication_sequence
where numbered.invoice_number is null
