-- R-CONSERVE: what became of the lines of each file.
-- Grain: one row per (batch_number, file_hash).

with

running as (select cutoff_batch from {{ source('control', 'run') }}),

files as (
    select incoming_files.file_hash, running.cutoff_batch as batch_number
    from {{ source('landing', 'incoming_files') }} as incoming_files
    cross join running
),

verdicts as (
    select batch_number, file_hash, 'accepted' as verdict
    from {{ ref('fct_events') }}
    where batch_number in (select cutoff_batch from running)
    union all
    select batch_number, file_hash, verdict
    from {{ ref('fct_repeated_events') }}
    where batch_number in (select cutoff_batch from running)
    union all
    select batch_number, file_hash, 'rejected' as verdict
    from {{ ref('fct_rejected_lines') }}
    where batch_number in (select cutoff_batch from running)
),

counted as (
    select
        files.batch_number,
        files.file_hash,
        count(case when verdicts.verdict = 'accepted' then 1 end) as accepted_count,
        count(case when verdicts.verdict = 'duplicate' then 1 end) as duplicate_count,
        count(case when verdicts.verdict = 'conflict' then 1 end) as conflict_count,
        count(case when verdicts.verdict = 'rejected' then 1 end) as rejected_count
    from files
    left join verdicts on files.batch_number = verdicts.batch_number and files.file_hash = verdicts.file_hash
    group by files.batch_number, files.file_hash
)

select * from counted
