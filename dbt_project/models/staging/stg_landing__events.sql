-- R-CUTOFF: accepted events of the batches that the running close sees. Read for single hours only, never as a whole.
-- Grain: one row per (file_hash, line_number).

with

running as (select cutoff_batch from {{ ref('stg_control__run') }}),

events as (
    select
        batch_number,
        file_hash,
        line_number,
        external_subscription_id,
        external_customer_id,
        code,
        event_at,
        quantity,
        properties
    from {{ ref('fct_events') }}
),

accepted_by_the_cutoff as (
    select events.*
    from events
    inner join running on events.batch_number <= running.cutoff_batch
)

select * from accepted_by_the_cutoff
