-- R-MEND: the lines of each key on which lines disagree, as far as the running close sees them.
-- Grain: one row per (file_hash, line_number).

with

running as (select cutoff_batch from {{ ref('stg_control__run') }}),

known as (
    select
        batch_number,
        event_batch_number,
        file_hash,
        line_number,
        event_key,
        is_owner,
        transaction_id,
        external_subscription_id,
        external_customer_id,
        code,
        event_at,
        quantity,
        properties,
        precise_total_amount_cents,
        retracts_transaction_id
    from {{ ref('fct_contested_events') }}
),

known_by_the_cutoff as (
    select known.*
    from known
    inner join running on known.batch_number <= running.cutoff_batch
)

select * from known_by_the_cutoff
