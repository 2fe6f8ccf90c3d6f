-- R-CUTOFF: hourly usage of the batches that the running close sees.
-- Grain: one row per (batch_number, field_name, code, external_subscription_id, external_customer_id, hour_starts_at).

with

running as (select cutoff_batch from {{ ref('stg_control__run') }}),

usage_hours as (
    select
        batch_number,
        field_name,
        code,
        external_subscription_id,
        external_customer_id,
        hour_starts_at,
        event_count,
        numeric_count,
        value_sum,
        not_numeric_count,
        too_precise_count,
        out_of_range_count
    from {{ ref('fct_usage_hours') }}
),

accepted_by_the_cutoff as (
    select usage_hours.*
    from usage_hours
    inner join running on usage_hours.batch_number <= running.cutoff_batch
)

select * from accepted_by_the_cutoff
