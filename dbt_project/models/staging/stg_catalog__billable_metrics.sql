-- R-CATALOG: the billable metrics of the running catalog version.
-- Grain: one row per metric_code.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select
        catalog_version,
        row_number,
        metric_code,
        metric_name,
        aggregation_type,
        field_name,
        expression,
        is_recurring,
        rounding_function,
        rounding_precision,
        custom_model,
        unit_name
    from {{ source('catalog', 'billable_metrics') }}
),

known_to_the_run as (
    select
        catalog_rows.row_number,
        catalog_rows.metric_code,
        catalog_rows.metric_name,
        catalog_rows.aggregation_type,
        catalog_rows.field_name,
        catalog_rows.expression,
        catalog_rows.is_recurring,
        catalog_rows.rounding_function,
        catalog_rows.rounding_precision,
        catalog_rows.custom_model,
        catalog_rows.unit_name
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
