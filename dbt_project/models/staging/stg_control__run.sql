-- R-RUN: what the running close is: its date, the last batch it sees and the catalog version it was given.
-- Grain: exactly one row.

with

running as (
    select
        run_kind,
        close_date,
        cutoff_batch,
        catalog_version,
        close_sequence
    from {{ source('control', 'run') }}
)

select * from running
