-- R-CATALOG: the tiers of the running catalog version, in file order.
-- Grain: one row per row_number (charge row x tier).

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select
        catalog_version,
        row_number,
        plan_code,
        charge_code,
        valid_from,
        recorded_at,
        up_to,
        unit_amount,
        flat_amount
    from {{ source('catalog', 'charge_tiers') }}
),

known_to_the_run as (
    select
        catalog_rows.row_number,
        catalog_rows.plan_code,
        catalog_rows.charge_code,
        catalog_rows.valid_from,
        catalog_rows.recorded_at,
        catalog_rows.up_to,
        catalog_rows.unit_amount,
        catalog_rows.flat_amount
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
