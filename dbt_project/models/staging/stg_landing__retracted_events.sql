-- R-RETRACT: usage that a line retracts or amends, as far as the running close sees both.
-- Grain: one row per (event_key, retracting_file_hash, retracting_line_number).

with

running as (select cutoff_batch from {{ ref('stg_control__run') }}),

known as (
    select
        batch_number,
        event_batch_number,
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
        precise_total_amount_cents,
        retracting_file_hash,
        retracting_line_number,
        line_verdict
    from {{ ref('fct_retracted_events') }}
),

known_by_the_cutoff as (
    select known.*
    from known
    inner join running on known.batch_number <= running.cutoff_batch
)

select * from known_by_the_cutoff
