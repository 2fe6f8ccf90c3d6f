-- R-DEDUP: no key that the running batch accepted has another owner: an event would be billed twice.
-- Offenders: the keys with the number of their owners.

with

running as (select cutoff_batch from {{ source('control', 'run') }}),

owners as (select event_key, batch_number from {{ ref('fct_event_keys') }}),

accepted_now as (
    select owners.event_key
    from owners
    inner join running on owners.batch_number = running.cutoff_batch
),

-- An accepted key meets every owner once: a single one is itself.
owned_twice as (
    select accepted_now.event_key, count(*) as owner_count
    from accepted_now
    inner join owners on accepted_now.event_key = owners.event_key
    group by accepted_now.event_key
    having count(*) > 1
)

select * from owned_twice
