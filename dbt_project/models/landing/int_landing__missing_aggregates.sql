-- R-AGGREGATE: which hourly aggregates are not there yet: those of the running batch, and for a metric that is new in
-- the catalog those of every batch before it. The code '' stands for all codes: their plain counts need no metric.
-- Grain: one row per (field_name, code, batch_number).

with

running as (select cutoff_batch, catalog_version from {{ source('control', 'run') }}),

batches as (
    select batches.batch_number
    from {{ source('landing', 'batches') }} as batches
    inner join running on batches.batch_number < running.cutoff_batch
    union all
    select cutoff_batch as batch_number
    from running
),

aggregates as (
    select '' as field_name, '' as code
    union all
    select distinct metrics.field_name, metrics.metric_code as code
    from {{ source('catalog', 'billable_metrics') }} as metrics
    inner join running on metrics.catalog_version = running.catalog_version
    where metrics.field_name is not null and metrics.aggregation_type is distinct from 'unique_count'
),

present as (
    select field_name, code, batch_number
    from {{ source('landing', 'aggregated_batches') }}
),

missing as (
    select aggregates.field_name, aggregates.code, batches.batch_number
    from aggregates
    cross join batches
    left join present
        on
            aggregates.field_name = present.field_name
            and aggregates.code = present.code
            and batches.batch_number = present.batch_number
    where present.batch_number is null
)

select * from missing
