-- What ingest did not accept in the batches since the publication before: rejected lines, and conflicting repeats.
-- Grain: one row per (batch_number, file_name, line_number).

with

publishing as (select previous_cutoff_batch, cutoff_batch from temp.publishing),

files as (select file_hash, file_name from landing.files),

rejected as (
    select
        fct_rejected_lines.batch_number,
        fct_rejected_lines.file_name,
        fct_rejected_lines.line_number,
        fct_rejected_lines.reason,
        fct_rejected_lines.detail,
        fct_rejected_lines.line_text
    from landing.fct_rejected_lines
),

conflicts as (
    select
        fct_repeated_events.batch_number,
        files.file_name,
        fct_repeated_events.line_number,
        'conflict' as reason,
        'its key was accepted with other content: ' || first_files.file_name
        || ', line ' || cast(fct_repeated_events.first_line_number as text) as detail,
        fct_repeated_events.line_text
    from landing.fct_repeated_events
    left join files on fct_repeated_events.file_hash = files.file_hash
    left join files as first_files on fct_repeated_events.first_file_hash = first_files.file_hash
    where fct_repeated_events.verdict = 'conflict'
),

not_accepted as (
    select * from rejected
    union all
    select * from conflicts
),

since_the_publication_before as (
    select not_accepted.*
    from not_accepted
    inner join publishing
        on not_accepted.batch_number > publishing.previous_cutoff_batch
        and not_accepted.batch_number <= publishing.cutoff_batch
)

select * from since_the_publication_before
