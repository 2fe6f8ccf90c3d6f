-- R-RETRACT: accepted events that a line retracts or amends, as they were, from the batch on that has both.
-- A retraction does not undo another one, so nothing ever leaves this table. Pure retractions are no usage, and not in it.
-- Grain: one row per (event_key, retracting_file_hash, retracting_line_number).

with

running as (select cutoff_batch from {{ source('control', 'run') }}),

retractions as (
    select
        batch_number,
        file_hash,
        line_number,
        event_key,
        retracted_event_key,
        retraction_kind,
        line_verdict
    from {{ ref('fct_retractions') }}
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
    where retracts_transaction_id is null
),

known as (select event_key, retracting_file_hash, retracting_line_number from {{ this }}),

-- Apart, so that the events of all batches are searched only if the running batch retracts something.
named_now as (
    select retractions.*
    from retractions
    inner join running on retractions.batch_number = running.cutoff_batch
),

arrived_now as (
    select events.*
    from events
    inner join running on events.batch_number = running.cutoff_batch
),

named_before as (
    select retractions.*
    from retractions
    inner join running on retractions.batch_number < running.cutoff_batch
),

pairs as (
    select
        events.*,
        named_now.file_hash as retracting_file_hash,
        named_now.line_number as retracting_line_number,
        named_now.event_key as retracting_event_key,
        named_now.retraction_kind,
        named_now.line_verdict
    from named_now
    inner join events on named_now.retracted_event_key = events.event_key
    union all
    select
        arrived_now.*,
        named_before.file_hash as retracting_file_hash,
        named_before.line_number as retracting_line_number,
        named_before.event_key as retracting_event_key,
        named_before.retraction_kind,
        named_before.line_verdict
    from named_before
    inner join arrived_now on named_before.retracted_event_key = arrived_now.event_key
),

new_pairs as (
    select
        running.cutoff_batch as batch_number,
        pairs.batch_number as event_batch_number,
        pairs.file_hash,
        pairs.line_number,
        pairs.event_key,
        pairs.transaction_id,
        pairs.external_subscription_id,
        pairs.external_customer_id,
        pairs.code,
        pairs.event_at,
        pairs.quantity,
        pairs.properties,
        pairs.precise_total_amount_cents,
        pairs.retracts_transaction_id,
        pairs.amends_transaction_id,
        pairs.retracting_file_hash,
        pairs.retracting_line_number,
        pairs.retracting_event_key,
        pairs.retraction_kind,
        pairs.line_verdict
    from pairs
    cross join running
    left join known
        on
            pairs.event_key = known.event_key
            and pairs.retracting_file_hash = known.retracting_file_hash
            and pairs.retracting_line_number = known.retracting_line_number
    where known.event_key is null
)

select * from new_pairs
