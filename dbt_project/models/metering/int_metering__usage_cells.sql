-- R-MATCH: usage in cells that no bound cuts: whole hours, and single events in the hours that a bound falls into.
-- Grain: one row per (named usage hour without a bound) and per (event in an hour with a bound).

with

named_usage as (
    select
        batch_number,
        code,
        named_subscription_id,
        named_customer_id,
        metric_code,
        field_name,
        external_subscription_id,
        is_ambiguous,
        hour_starts_at,
        event_count,
        numeric_count,
        value_sum,
        not_numeric_count,
        too_precise_count,
        out_of_range_count
    from {{ ref('int_metering__named_usage') }}
),

split_hours as (select external_subscription_id, hour_starts_at from {{ ref('int_metering__split_hours') }}),

events as (
    select
        batch_number,
        code,
        external_subscription_id,
        external_customer_id,
        event_at,
        cast(date_trunc('hour', event_at) as timestamp) as hour_starts_at,
        quantity,
        properties
    from {{ ref('stg_landing__events') }}
),

event_changes as (
    select
        code,
        metric_code,
        external_subscription_id,
        is_ambiguous,
        cell_at,
        event_count,
        numeric_count,
        value_sum,
        not_numeric_count,
        too_precise_count,
        out_of_range_count
    from {{ ref('int_metering__event_changes') }}
),

split_usage as (
    select named_usage.*
    from named_usage
    inner join split_hours
        on
            named_usage.external_subscription_id = split_hours.external_subscription_id
            and named_usage.hour_starts_at = split_hours.hour_starts_at
),

single_events as (
    select
        split_usage.code,
        split_usage.metric_code,
        split_usage.external_subscription_id,
        split_usage.is_ambiguous,
        events.event_at as cell_at,
        case
            when split_usage.field_name <> ''
                then {{ event_value('events.quantity', 'events.properties', 'split_usage.field_name') }}
        end as event_value,
        case
            when split_usage.field_name <> ''
                then {{ event_value_fault('events.quantity', 'events.properties', 'split_usage.field_name') }}
        end as fault
    from split_usage
    inner join events
        on
            split_usage.batch_number = events.batch_number
            and split_usage.code = events.code
            and split_usage.hour_starts_at = events.hour_starts_at
            and split_usage.named_subscription_id is not distinct from events.external_subscription_id
            and split_usage.named_customer_id is not distinct from events.external_customer_id
),

cells as (
    select
        named_usage.code,
        named_usage.metric_code,
        named_usage.external_subscription_id,
        named_usage.is_ambiguous,
        named_usage.hour_starts_at as cell_at,
        named_usage.event_count,
        named_usage.numeric_count,
        named_usage.value_sum,
        named_usage.not_numeric_count,
        named_usage.too_precise_count,
        named_usage.out_of_range_count
    from named_usage
    left join split_hours
        on
            named_usage.external_subscription_id = split_hours.external_subscription_id
            and named_usage.hour_starts_at = split_hours.hour_starts_at
    where split_hours.hour_starts_at is null
    union all
    select
        code,
        metric_code,
        external_subscription_id,
        is_ambiguous,
        cell_at,
        1 as event_count,
        case when fault is null then 1 else 0 end as numeric_count,
        cast(coalesce(event_value, 0) as decimal(38, 9)) as value_sum,
        case when fault = 'not_numeric' then 1 else 0 end as not_numeric_count,
        case when fault = 'too_precise' then 1 else 0 end as too_precise_count,
        case when fault = 'out_of_range' then 1 else 0 end as out_of_range_count
    from single_events
    union all
    select
        code,
        metric_code,
        external_subscription_id,
        is_ambiguous,
        cell_at,
        event_count,
        numeric_count,
        value_sum,
        not_numeric_count,
        too_precise_count,
        out_of_range_count
    from event_changes
)

select * from cells
