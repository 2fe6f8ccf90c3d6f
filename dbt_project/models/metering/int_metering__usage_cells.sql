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
        span_starts_at,
        span_ends_at,
        hour_starts_at,
        event_count,
        numeric_count,
        value_sum,
        not_numeric_count,
        too_precise_count,
        out_of_range_count
    from {{ ref('int_metering__named_usage') }}
),

split_hours as (select named_id, is_customer, hour_starts_at from {{ ref('int_metering__split_hours') }}),

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

cut_usage as (
    select
        named_usage.*,
        split_hours.hour_starts_at is not null as is_split
    from named_usage
    left join split_hours
        on
            coalesce(named_usage.named_subscription_id, named_usage.named_customer_id) = split_hours.named_id
            and (named_usage.named_subscription_id is null) = split_hours.is_customer
            and named_usage.hour_starts_at = split_hours.hour_starts_at
),

single_events as (
    select
        cut_usage.code,
        cut_usage.metric_code,
        cut_usage.external_subscription_id,
        cut_usage.is_ambiguous,
        events.event_at as cell_at,
        case
            when cut_usage.field_name <> ''
                then {{ event_value('events.quantity', 'events.properties', 'cut_usage.field_name') }}
        end as event_value,
        case
            when cut_usage.field_name <> ''
                then {{ event_value_fault('events.quantity', 'events.properties', 'cut_usage.field_name') }}
        end as fault
    from cut_usage
    inner join events
        on
            cut_usage.is_split
            and cut_usage.batch_number = events.batch_number
            and cut_usage.code = events.code
            and cut_usage.hour_starts_at = events.hour_starts_at
            and cut_usage.named_subscription_id is not distinct from events.external_subscription_id
            and cut_usage.named_customer_id is not distinct from events.external_customer_id
            and events.event_at >= cut_usage.span_starts_at
            and events.event_at < cut_usage.span_ends_at
),

cells as (
    select
        code,
        metric_code,
        external_subscription_id,
        is_ambiguous,
        hour_starts_at as cell_at,
        event_count,
        numeric_count,
        value_sum,
        not_numeric_count,
        too_precise_count,
        out_of_range_count
    from cut_usage
    where not is_split
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
    from {{ ref('int_metering__event_changes') }}
)

select * from cells
