-- R-FREE-EVENTS: a percentage charge's events in time order: which count towards what is free, and which value is left to pay.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, event_count).

with

-- Without one of these prices the number of events is enough. A limit of 0 is none.
prices as (
    select
        charge_row_number,
        filter_code,
        nullif(free_units_per_events, 0) as free_events,
        nullif(free_units_per_total_aggregation, 0) as free_total
    from {{ ref('stg_catalog__charge_prices') }}
    where
        coalesce(free_units_per_events, 0) + coalesce(free_units_per_total_aggregation, 0) > 0
        or per_transaction_min_amount is not null
        or per_transaction_max_amount is not null
),

measures as (
    select distinct
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        charge_row_number
    from {{ ref('fct_usage_quantities') }}
    where charge_model = 'percentage'
),

-- One number in place of six keys: the events are sorted by it, here and in the next step.
numbered_measures as (
    select
        measures.*,
        prices.free_events,
        prices.free_total,
        row_number() over (
            order by
                measures.subscription_id, measures.charge_code, measures.filter_code nulls first,
                measures.group_key nulls first, measures.period_starts_at, measures.segment_starts_at
        ) as measure_number
    from measures
    inner join prices
        on
            measures.charge_row_number = prices.charge_row_number
            and measures.filter_code is not distinct from prices.filter_code
),

-- An event of a unique count is worth what it changes: adding a value that is there is worth nothing.
valued_events as (
    select
        measures.measure_number,
        measures.free_events,
        measures.free_total,
        events.event_number,
        events.is_before_period,
        coalesce(
            events.event_value,
            case when events.operation_type = 'remove' then 0 else 1 end
            - lag(case when events.operation_type = 'remove' then 0 else 1 end, 1, 0) over (
                partition by measures.measure_number, events.value_text
                order by events.event_number
            )
        ) as event_value
    from {{ ref('fct_charge_events') }} as events
    inner join numbered_measures as measures
        on
            events.subscription_id = measures.subscription_id
            and events.charge_code = measures.charge_code
            and events.filter_code is not distinct from measures.filter_code
            and events.group_key is not distinct from measures.group_key
            and events.period_starts_at = measures.period_starts_at
            and events.segment_starts_at = measures.segment_starts_at
),

-- What a recurring metric carries over is no event of this period.
running_totals as (
    select
        measure_number,
        event_value,
        free_events,
        free_total,
        row_number() over (partition by measure_number order by event_number) as event_count,
        cast(sum(event_value) over (
            partition by measure_number
            order by event_number
            rows between unbounded preceding and current row
        ) as decimal(38, 9)) as running_total
    from valued_events
    where not is_before_period
),

-- The event that exceeds the free total is the last to count towards it; the one that reaches it pays the rest.
limits as (
    select
        measure_number,
        coalesce(
            min(free_events),
            min(case when running_total > free_total then event_count end),
            case when min(free_total) is null then 0 else max(event_count) end
        ) as last_free_event,
        min(case when running_total >= free_total then event_count end) as reaching_event
    from running_totals
    group by measure_number
),

judged as (
    select
        measures.subscription_id,
        measures.charge_code,
        measures.filter_code,
        measures.group_key,
        measures.period_starts_at,
        measures.segment_starts_at,
        measures.charge_row_number,
        measures.measure_number,
        events.event_count,
        cast(
            case when events.event_count <= limits.last_free_event then events.event_value else 0 end as decimal(38, 9)
        ) as value_towards_free,
        case
            when events.event_count <= limits.last_free_event and events.running_total < events.free_total then 1
            else 0
        end as below_free_total_count,
        cast(
            case
                when events.free_total is null and events.event_count <= events.free_events then null
                when events.free_total is null then events.event_value
                when events.event_count > limits.reaching_event then events.event_value
                when events.event_count = limits.reaching_event then events.running_total - events.free_total
            end as decimal(38, 9)
        ) as paid_value
    from running_totals as events
    inner join limits on events.measure_number = limits.measure_number
    inner join numbered_measures as measures on events.measure_number = measures.measure_number
)

select * from judged
