-- R-CONSERVE: accepted events that are out at this close, and those that did nothing but take others back.
-- Grain: one row per code; NULL where a retraction names none.

with

retracted_keys as (select event_key, code from {{ ref('int_metering__retracted_keys') }}),

retractions as (select event_key, code from {{ ref('stg_landing__retractions') }}),

out_of_use as (
    select event_key, code
    from retracted_keys
    union all
    select event_key, code
    from retractions
),

counted as (
    select
        code,
        count(*) as event_count
    from out_of_use
    group by code
)

select * from counted
