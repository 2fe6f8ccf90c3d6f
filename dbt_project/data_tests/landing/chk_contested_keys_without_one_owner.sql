-- R-MEND: a key on which lines disagree has one owner: else a close could let two of its events stand, or none.
-- Offenders: the keys with the number of their owners.

with

contested as (
    select event_key, is_owner
    from {{ ref('fct_contested_events') }}
),

not_owned_once as (
    select event_key, count(case when is_owner then 1 end) as owner_count
    from contested
    group by event_key
    having count(case when is_owner then 1 end) <> 1
)

select * from not_owned_once
