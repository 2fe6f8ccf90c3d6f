-- R-AGG: counts and sums of due periods by UTC date, for reading and charting: from hourly cells, before rounding.
-- Of a period that is computed again, what differs from what was published before.
-- Grain: one row per (subscription_id, metric_code, usage_date, period_starts_at).

with

billed_metrics as (
    select distinct
        subscription_id,
        external_subscription_id,
        metric_code,
        aggregation_type,
        period_starts_at,
        period_ends_at
    from {{ ref('int_metering__billable_charges') }}
    where is_due and aggregation_type in ('count', 'sum') and expression is null
),

usage_cells as (
    select external_subscription_id, metric_code, cell_at, event_count, numeric_count, value_sum
    from {{ ref('int_metering__usage_cells') }}
),

reopened_periods as (
    select subscription_id, period_starts_at, period_ends_at, adjusted_starts_at
    from {{ ref('fct_reopened_periods') }}
    where fee_family = 'usage'
),

-- Rows of releases that did not say which period a day was billed in have it empty.
published_before as (
    select
        published.subscription_id,
        published.metric_code,
        reopened_periods.period_starts_at,
        published.usage_date,
        published.event_count,
        published.quantity
    from {{ ref('stg_issued__usage_daily') }} as published
    inner join reopened_periods
        on
            published.subscription_id = reopened_periods.subscription_id
            and coalesce(published.period_starts_at, reopened_periods.period_starts_at)
            = reopened_periods.period_starts_at
            and (
                published.period_starts_at is not null
                or (
                    published.usage_date >= cast(date_trunc('day', reopened_periods.period_starts_at) as date)
                    and published.usage_date < reopened_periods.period_ends_at
                )
            )
),

by_day as (
    select
        billed_metrics.subscription_id,
        billed_metrics.metric_code,
        billed_metrics.period_starts_at,
        cast(date_trunc('day', usage_cells.cell_at) as date) as usage_date,
        cast(
            sum(
                case billed_metrics.aggregation_type
                    when 'count' then usage_cells.event_count
                    else usage_cells.numeric_count
                end
            ) as bigint
        ) as event_count,
        cast(
            sum(
                case billed_metrics.aggregation_type
                    when 'count' then usage_cells.event_count
                    when 'sum' then usage_cells.value_sum
                end
            ) as decimal(38, 9)
        ) as quantity
    from billed_metrics
    inner join usage_cells
        on
            billed_metrics.external_subscription_id = usage_cells.external_subscription_id
            and billed_metrics.metric_code = usage_cells.metric_code
            and usage_cells.cell_at >= billed_metrics.period_starts_at
            and usage_cells.cell_at < billed_metrics.period_ends_at
    group by
        billed_metrics.subscription_id,
        billed_metrics.metric_code,
        billed_metrics.period_starts_at,
        cast(date_trunc('day', usage_cells.cell_at) as date)
),

both_sides as (
    select
        by_day.subscription_id,
        by_day.metric_code,
        by_day.usage_date,
        coalesce(reopened_periods.period_starts_at, by_day.period_starts_at) as period_starts_at,
        by_day.event_count,
        by_day.quantity
    from by_day
    left join reopened_periods
        on
            by_day.subscription_id = reopened_periods.subscription_id
            and by_day.period_starts_at = reopened_periods.adjusted_starts_at
    union all
    select
        subscription_id,
        metric_code,
        usage_date,
        period_starts_at,
        0 - event_count as event_count,
        0 - quantity as quantity
    from published_before
),

usage_daily as (
    select
        subscription_id,
        metric_code,
        usage_date,
        period_starts_at,
        cast(sum(event_count) as bigint) as event_count,
        cast(sum(quantity) as decimal(38, 9)) as quantity
    from both_sides
    group by subscription_id, metric_code, usage_date, period_starts_at
    having sum(event_count) <> 0 or sum(quantity) <> 0
)

select * from usage_daily
