-- R-CUTOFF: accepted usage of the batches that the running close sees. Read for single hours and metrics, never as a whole.
-- Grain: one row per (file_hash, line_number).

with

running as (select cutoff_batch from {{ ref('stg_control__run') }}),

events as (
    select
        batch_number,
        file_hash,
        line_number,
        event_key,
        transaction_id,
        external_subscription_id,
        external_customer_id,
        code,
        event_at,
        quantity,
        properties,
        precise_total_amount_cents
    from {{ ref('fct_events') }}
    where retracts_transaction_id is null
),

accepted_by_the_cutoff as (
    select events.*
    from events
    inner join running on events.batch_number <= running.cutoff_batch
)

select * from accepted_by_the_cutoff
