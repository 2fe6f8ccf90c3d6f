-- R-CATALOG: the lots of top-up rules that the running catalog version voids.
-- Grain: one row per lot_id.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

voided_top_ups as (select catalog_version, lot_id, voided_on from {{ source('catalog', 'voided_top_ups') }}),

of_the_version as (
    select voided_top_ups.lot_id, voided_top_ups.voided_on
    from voided_top_ups
    inner join running on voided_top_ups.catalog_version = running.catalog_version
)

select * from of_the_version
