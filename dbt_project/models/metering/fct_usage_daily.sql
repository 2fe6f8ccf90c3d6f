-- R-AGG: counts and sums of due periods by UTC date, for reading and charting: from hourly cells, before rounding.
-- Grain: one row per (subscription_id, metric_code, usage_date).

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

by_day as (
    select
        billed_metrics.subscription_id,
        billed_metrics.metric_code,
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
        cast(date_trunc('day', usage_cells.cell_at) as date)
)

select * from by_day
