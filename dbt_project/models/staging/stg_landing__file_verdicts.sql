-- R-CONSERVE: what became of the lines of each file, for the batches that the running close sees.
-- Grain: one row per (batch_number, file_hash).

with

running as (select cutoff_batch from {{ ref('stg_control__run') }}),

file_verdicts as (
    select batch_number, file_hash, accepted_count, duplicate_count, conflict_count, rejected_count
    from {{ ref('fct_file_verdicts') }}
),

loaded_by_the_cutoff as (
    select file_verdicts.*
    from file_verdicts
    inner join running on file_verdicts.batch_number <= running.cutoff_batch
)

select * from loaded_by_the_cutoff
