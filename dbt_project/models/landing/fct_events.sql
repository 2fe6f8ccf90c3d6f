-- R-ACCEPT: accepted events, typed. Which subscription and which metric they belong to is decided at each close.
-- Grain: one row per (file_hash, line_number).

with

candidates as (
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
        precise_total_amount_cents,
        retracts_transaction_id,
        amends_transaction_id
    from {{ ref('int_landing__judged_lines') }}
    where reject_reason is null
),

repeated as (select batch_number, file_hash, line_number from {{ ref('fct_repeated_events') }}),

accepted as (
    select candidates.*
    from candidates
    left join repeated
        on
            candidates.batch_number = repeated.batch_number
            and candidates.file_hash = repeated.file_hash
            and candidates.line_number = repeated.line_number
    where repeated.file_hash is null
)

select * from accepted
