-- R-DEDUP: the first accepted event of each key, in load order (batch, file, line), owns it for ever.
-- Only this compact table is asked what is known: the events are never searched. A rejected line owns no key.
-- Grain: one row per event_key.

with

candidates as (
    select event_key, content_hash, batch_number, file_hash, line_number
    from {{ ref('int_landing__judged_lines') }}
    where reject_reason is null
),

known as (select event_key from {{ this }}),

unknown as (
    select candidates.*
    from candidates
    left join known on candidates.event_key = known.event_key
    where known.event_key is null
),

-- Few keys occur twice in a batch: only those are put in order.
repeated_keys as (
    select event_key
    from unknown
    group by event_key
    having count(*) > 1
),

unrepeated as (
    select unknown.*, 1 as load_position
    from unknown
    left join repeated_keys on unknown.event_key = repeated_keys.event_key
    where repeated_keys.event_key is null
),

repeated as (
    select
        unknown.*,
        row_number() over (
            partition by unknown.event_key
            order by unknown.file_hash, unknown.line_number
        ) as load_position
    from unknown
    inner join repeated_keys on unknown.event_key = repeated_keys.event_key
),

first_of_each_key as (
    select event_key, content_hash, batch_number, file_hash, line_number
    from unrepeated
    where load_position = 1
    union all
    select event_key, content_hash, batch_number, file_hash, line_number
    from repeated
    where load_position = 1
)

select * from first_of_each_key
