-- R-AGGREGATE: usage by UTC hour, once as a plain count of every code, and once more for each field that a metric sums.
-- Values that cannot be summed are counted by what is wrong with them; they are never zeros.
-- Grain: one row per (batch_number, field_name, code, external_subscription_id, external_customer_id, hour_starts_at).

with

missing as (select field_name, code, batch_number from {{ ref('int_landing__missing_aggregates') }}),

events as (
    select
        batch_number,
        code,
        external_subscription_id,
        external_customer_id,
        cast(date_trunc('hour', event_at) as timestamp) as hour_starts_at,
        quantity,
        properties
    from {{ ref('fct_events') }}
),

counts as (
    select
        events.batch_number,
        missing.field_name,
        events.code,
        events.external_subscription_id,
        events.external_customer_id,
        events.hour_starts_at,
        count(*) as event_count
    from events
    inner join missing on events.batch_number = missing.batch_number
    where missing.field_name = ''
    group by
        events.batch_number,
        missing.field_name,
        events.code,
        events.external_subscription_id,
        events.external_customer_id,
        events.hour_starts_at
),

values_of_fields as (
    select
        events.batch_number,
        missing.field_name,
        events.code,
        events.external_subscription_id,
        events.external_customer_id,
        events.hour_starts_at,
        events.quantity,
        {{ json_text('events.properties', 'missing.field_name') }} as value_text
    from events
    inner join missing on events.batch_number = missing.batch_number and events.code = missing.code
    where missing.field_name <> ''
),

exact_values as (
    select
        *,
        coalesce(quantity, {{ exact_decimal('value_text') }}) as event_value
    from values_of_fields
),

judged_values as (
    select
        *,
        case when event_value is null then {{ exact_decimal_fault('value_text') }} end as fault
    from exact_values
),

sums as (
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
    from judged_values
    group by batch_number, field_name, code, external_subscription_id, external_customer_id, hour_starts_at
),

aggregated as (
    select
        batch_number,
        field_name,
        code,
        external_subscription_id,
        external_customer_id,
        hour_starts_at,
        event_count,
        cast(0 as bigint) as numeric_count,
        cast(0 as decimal(38, 9)) as value_sum,
        cast(0 as bigint) as not_numeric_count,
        cast(0 as bigint) as too_precise_count,
        cast(0 as bigint) as out_of_range_count
    from counts
    union all
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
    from sums
)

select * from aggregated
