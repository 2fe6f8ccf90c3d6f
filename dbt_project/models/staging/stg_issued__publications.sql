-- R-HOLD: what the running close knows of earlier ones: publications, and the rows of held documents, which are not visible. What
-- was released or discarded after a close, that close does not know: it can be computed again as it was.
-- Grain: one row per publication_sequence.

with

running as (select coalesce(close_sequence, 2147483647) as close_sequence from {{ ref('stg_control__run') }}),

publications as (
    select publication_sequence, close_sequence, close_date, cutoff_batch, known_from_close
    from {{ source('issued', 'publications') }}
),

holds as (
    select distinct hold_sequence, close_sequence, close_date, cutoff_batch from {{ source('issued', 'holds') }}
),

hold_ends as (select hold_sequence, known_from_close from {{ source('issued', 'hold_ends') }}),

-- Publications of releases that held nothing are known to the next close.
written as (
    select
        publication_sequence,
        close_sequence,
        close_date,
        cutoff_batch,
        false as is_held,
        coalesce(known_from_close, close_sequence + 1) as known_from_close,
        cast(null as integer) as known_until_close
    from publications
    union all
    select
        holds.hold_sequence as publication_sequence,
        holds.close_sequence,
        holds.close_date,
        holds.cutoff_batch,
        true as is_held,
        holds.close_sequence + 1 as known_from_close,
        hold_ends.known_from_close as known_until_close
    from holds
    left join hold_ends on holds.hold_sequence = hold_ends.hold_sequence
),

known as (
    select
        written.publication_sequence,
        written.close_sequence,
        written.close_date,
        written.cutoff_batch,
        written.is_held
    from written
    inner join running on written.known_from_close <= running.close_sequence
    where written.known_until_close is null or written.known_until_close > running.close_sequence
)

select * from known
