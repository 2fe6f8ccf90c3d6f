-- R-DEDUP: events whose key an earlier line owns. A duplicate says the same, a conflict does not; neither is billed.
-- Grain: one row per (file_hash, line_number).

with

candidates as (
    select batch_number, file_hash, line_number, event_key, content_hash
    from {{ ref('int_landing__judged_lines') }}
    where reject_reason is null
),

owners as (
    select event_key, content_hash, batch_number, file_hash, line_number
    from {{ ref('fct_event_keys') }}
),

lines as (select file_hash, line_number, line_text from {{ source('landing', 'incoming_lines') }}),

repeated as (
    select
        candidates.batch_number,
        candidates.file_hash,
        candidates.line_number,
        case when candidates.content_hash = owners.content_hash then 'duplicate' else 'conflict' end as verdict,
        candidates.event_key,
        owners.batch_number as first_batch_number,
        owners.file_hash as first_file_hash,
        owners.line_number as first_line_number
    from candidates
    inner join owners on candidates.event_key = owners.event_key
    where candidates.file_hash <> owners.file_hash or candidates.line_number <> owners.line_number
),

repeated_with_their_lines as (
    select
        repeated.batch_number,
        repeated.file_hash,
        repeated.line_number,
        repeated.verdict,
        repeated.event_key,
        repeated.first_batch_number,
        repeated.first_file_hash,
        repeated.first_line_number,
        lines.line_text
    from repeated
    inner join lines on repeated.file_hash = lines.file_hash and repeated.line_number = lines.line_number
)

select * from repeated_with_their_lines
