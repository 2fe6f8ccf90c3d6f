-- R-EXPR: the terms of the metrics' expressions in the running catalog version, as the loader multiplied them out.
-- Grain: one row per (metric_code, term_number).

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select
        catalog_version,
        metric_code,
        term_number,
        property_name_1,
        property_name_2,
        numerator,
        denominator
    from {{ source('catalog', 'metric_terms') }}
),

known_to_the_run as (
    select
        catalog_rows.metric_code,
        catalog_rows.term_number,
        catalog_rows.property_name_1,
        catalog_rows.property_name_2,
        catalog_rows.numerator,
        catalog_rows.denominator
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
