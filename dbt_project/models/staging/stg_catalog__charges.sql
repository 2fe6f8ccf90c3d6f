-- R-CATALOG: the charges of the running catalog version, with every correction.
-- Grain: one row per row_number (plan_code x charge_code x valid_from x recorded_at).

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select
        catalog_version,
        row_number,
        charge_code,
        plan_code,
        metric_code,
        charge_model,
        display_name,
        unit_amount,
        package_amount,
        package_size,
        free_units,
        valid_from,
        valid_to,
        recorded_at
    from {{ source('catalog', 'charges') }}
),

known_to_the_run as (
    select
        catalog_rows.row_number,
        catalog_rows.charge_code,
        catalog_rows.plan_code,
        catalog_rows.metric_code,
        catalog_rows.charge_model,
        catalog_rows.display_name,
        catalog_rows.unit_amount,
        catalog_rows.package_amount,
        catalog_rows.package_size,
        catalog_rows.free_units,
        catalog_rows.valid_from,
        catalog_rows.valid_to,
        catalog_rows.recorded_at
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
