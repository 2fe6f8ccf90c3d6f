-- R-AGGREGATE: usage by UTC hour, as a plain count of every code, and again for each field that a metric sums.
-- Values that cannot be summed are counted by what is wrong with them; they are never zeros.
-- Grain: one row per (batch_number, field_name, code, external_subscription_id, external_customer_id, hour_starts_at).

with

missing as (
    select field_name, batch_number
    from {{ ref('int_landing__missing_aggregates') }}
    where field_name = ''
),

events as (
    select
        batch_number,
        code,
        external_subscription_id,
        external_customer_id,
        cast(date_trunc('hour', event_at) as timestamp) as hour_starts_at
    from {{ ref('fct_events') }}
    -- A pure retraction is no usage.
    where retracts_transaction_id is null
),

counted as (
    select
        events.batch_number,
        missing.field_name,
        events.code,
        events.external_subscription_id,
        events.external_customer_id,
        events.hour_starts_at,
        count(*) as event_count,
        cast(0 as bigint) as numeric_count,
        cast(0 as decimal(38, 9)) as value_sum,
        cast(0 as bigint) as not_numeric_count,
        cast(0 as bigint) as too_precise_count,
        cast(0 as bigint) as out_of_range_count
    from events
    inner join missing on events.batch_number = missing.batch_number
    group by
        events.batch_number,
        missing.field_name,
        events.code,
        events.external_subscription_id,
        events.external_customer_id,
        events.hour_starts_at
),

summed as (
    select
        batch_number,
        field_name,
        code,
        external_subscription_id,
        external_customer_id,
        hour_starts_at,
        count(*) as event_count,
        count(event_value) as numeric_count,
        cast(coalesce(sum(event_value), 0) as decimal(38, 9)) as value_sum,
        count(case when fault = 'not_numeric' then 1 end) as not_numeric_count,
        count(case when fault = 'too_precise' then 1 end) as too_precise_count,
        count(case when fault = 'out_of_range' then 1 end) as out_of_range_count
    from {{ ref('int_landing__field_values') }}
    group by batch_number, field_name, code, external_subscription_id, external_customer_id, hour_starts_at
),

aggregated as (
    select * from counted
    union all
    select * from summed
)

select * from aggregated
