-- R-REJECT: lines that are no event, with file, line number and reason. A mended line that is sent again is accepted.
-- Grain: one row per (file_hash, line_number).

with

rejected as (
    select batch_number, file_hash, line_number, reject_reason, reject_detail
    from {{ ref('int_landing__judged_lines') }}
    where reject_reason is not null
),

files as (select file_hash, file_name from {{ source('landing', 'incoming_files') }}),

lines as (select file_hash, line_number, line_text from {{ source('landing', 'incoming_lines') }}),

rejected_with_their_lines as (
    select
        rejected.batch_number,
        rejected.file_hash,
        files.file_name,
        rejected.line_number,
        rejected.reject_reason as reason,
        rejected.reject_detail as detail,
        lines.line_text
    from rejected
    inner join files on rejected.file_hash = files.file_hash
    inner join lines on rejected.file_hash = lines.file_hash and rejected.line_number = lines.line_number
)

select * from rejected_with_their_lines
