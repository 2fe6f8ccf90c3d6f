-- R-RETRACT: accepted lines that do nothing but retract, as far as the running close sees them.
-- Grain: one row per (file_hash, line_number).

with

running as (select cutoff_batch from {{ ref('stg_control__run') }}),

known as (
    select
        batch_number,
        file_hash,
        line_number,
        event_key,
        code
    from {{ ref('fct_retractions') }}
    where retraction_kind = 'retracts' and line_verdict = 'accepted'
),

known_by_the_cutoff as (
    select known.*
    from known
    inner join running on known.batch_number <= running.cutoff_batch
)

select * from known_by_the_cutoff
