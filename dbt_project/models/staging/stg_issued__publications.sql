-- R-TOP-UP: the publications of earlier closes, and the dates that they closed.
-- Grain: one row per publication_sequence.

with

running as (select close_sequence from {{ ref('stg_control__run') }}),

publications as (
    select publication_sequence, close_sequence, close_date from {{ source('issued', 'publications') }}
),

before_the_run as (
    select publications.publication_sequence, publications.close_date
    from publications
    inner join running on publications.close_sequence < coalesce(running.close_sequence, 2147483647)
)

select * from before_the_run
