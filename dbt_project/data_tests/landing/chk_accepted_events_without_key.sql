-- R-DEDUP: the running batch has as many events as it has keys: else an event stands outside of deduplication.
-- Offenders: the batch with its two counts.

with

running as (select cutoff_batch from {{ source('control', 'run') }}),

events as (
    select count(*) as event_count
    from {{ ref('fct_events') }}
    where batch_number in (select cutoff_batch from running)
),

event_keys as (
    select count(*) as key_count
    from {{ ref('fct_event_keys') }}
    where batch_number in (select cutoff_batch from running)
),

differing as (
    select running.cutoff_batch as batch_number, events.event_count, event_keys.key_count
    from running
    cross join events
    cross join event_keys
    where events.event_count <> event_keys.key_count
)

select * from differing
