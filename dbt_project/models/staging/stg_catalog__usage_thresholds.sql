-- R-CATALOG: the amounts of lifetime usage at which the plans of the running catalog version bill at once.
-- Grain: one row per row_number (plan_code x threshold_amount x is_recurring).

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select catalog_version, row_number, plan_code, threshold_amount, is_recurring, display_name
    from {{ source('catalog', 'usage_thresholds') }}
),

known_to_the_run as (
    select
        catalog_rows.row_number,
        catalog_rows.plan_code,
        catalog_rows.threshold_amount,
        catalog_rows.is_recurring,
        catalog_rows.display_name
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
