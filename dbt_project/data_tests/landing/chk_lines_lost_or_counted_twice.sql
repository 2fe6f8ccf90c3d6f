-- R-CONSERVE: lines in = accepted + duplicate + conflict + rejected, for each file of the running batch.
-- Offenders: the files with the lines that were read from them and the rows that came of them.

with

files as (select file_hash, file_name, batch_number, line_count from {{ source('landing', 'incoming_files') }}),

verdicts as (
    select batch_number, file_hash, accepted_count, duplicate_count, conflict_count, rejected_count
    from {{ ref('fct_file_verdicts') }}
),

differing as (
    select
        files.batch_number,
        files.file_name,
        files.line_count,
        verdicts.accepted_count,
        verdicts.duplicate_count,
        verdicts.conflict_count,
        verdicts.rejected_count
    from files
    left join verdicts on files.batch_number = verdicts.batch_number and files.file_hash = verdicts.file_hash
    where
        verdicts.file_hash is null
        or files.line_count
        <> verdicts.accepted_count + verdicts.duplicate_count + verdicts.conflict_count + verdicts.rejected_count
)

select * from differing
