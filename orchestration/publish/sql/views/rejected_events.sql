-- Lines that were not accepted, to be mended and sent again. Grain: one row per (batch_number, file_name, line_number).

with

publications as (select publication_sequence, close_date from issued.publications),

visible as (
    select
        rejected_events.batch_number,
        rejected_events.file_name,
        rejected_events.line_number,
        rejected_events.reason,
        rejected_events.detail,
        rejected_events.line_text,
        publications.close_date
    from issued.rejected_events
    inner join publications on rejected_events.publication_sequence = publications.publication_sequence
)

select * from visible
