-- R-MEND: the events of each key on which lines disagree: its owner and its conflicts, all that a close can choose from.
-- Load order within a key: the owner, then conflicts by (batch_number, file_hash, line_number).
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

repeated as (
    select batch_number, file_hash, line_number, first_batch_number, first_file_hash, first_line_number
    from {{ ref('fct_repeated_events') }}
    where verdict = 'conflict'
),

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
        precise_total_amount_cents,
        retracts_transaction_id,
        amends_transaction_id
    from {{ ref('fct_events') }}
),

known as (
    select event_key
    from {{ this }}
    where is_owner
),

conflicts as (
    select candidates.*, repeated.first_batch_number, repeated.first_file_hash, repeated.first_line_number
    from candidates
    inner join repeated
        on
            candidates.batch_number = repeated.batch_number
            and candidates.file_hash = repeated.file_hash
            and candidates.line_number = repeated.line_number
),

newly_contested as (
    select
        conflicts.first_batch_number,
        conflicts.first_file_hash,
        conflicts.first_line_number,
        min(conflicts.batch_number) as batch_number
    from conflicts
    left join known on conflicts.event_key = known.event_key
    where known.event_key is null
    group by conflicts.first_batch_number, conflicts.first_file_hash, conflicts.first_line_number
),

contested as (
    select
        newly_contested.batch_number,
        events.batch_number as event_batch_number,
        events.file_hash,
        events.line_number,
        events.event_key,
        true as is_owner,
        events.transaction_id,
        events.external_subscription_id,
        events.external_customer_id,
        events.code,
        events.event_at,
        events.quantity,
        events.properties,
        events.precise_total_amount_cents,
        events.retracts_transaction_id,
        events.amends_transaction_id
    from newly_contested
    inner join events
        on
            newly_contested.first_batch_number = events.batch_number
            and newly_contested.first_file_hash = events.file_hash
            and newly_contested.first_line_number = events.line_number
    union all
    select
        batch_number,
        batch_number as event_batch_number,
        file_hash,
        line_number,
        event_key,
        false as is_owner,
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
    from conflicts
)

select * from contested
