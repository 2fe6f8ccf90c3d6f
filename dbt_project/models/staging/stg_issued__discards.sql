-- R-HOLD: whose documents were held and discarded, from which close on they were held and which is the first without them.
-- Grain: one row per (hold_sequence, subscription_id).

with

running as (select coalesce(close_sequence, 2147483647) as close_sequence from {{ ref('stg_control__run') }}),

discarded as (
    select hold_sequence, known_from_close from {{ source('issued', 'hold_ends') }}
    where outcome = 'discarded'
),

held_periods as (
    select distinct publication_sequence as hold_sequence, subscription_id, close_sequence
    from {{ source('issued', 'billed_periods') }}
),

discards as (
    select
        discarded.hold_sequence,
        held_periods.subscription_id,
        held_periods.close_sequence as held_from_close,
        discarded.known_from_close
    from discarded
    inner join held_periods on discarded.hold_sequence = held_periods.hold_sequence
    inner join running on discarded.known_from_close <= running.close_sequence
)

select * from discards
