-- R-AGG: the plain counts and sums: what the cells of usage add up to through the start and the end of each segment.
-- A charge with no usage has its row too, with quantity 0: its model may still ask a flat amount.
-- Grain: one row per (subscription_id, charge_code, period_starts_at, segment_starts_at, point_number).

with

billable_charges as (
    select
        subscription_id,
        external_subscription_id,
        period_starts_at,
        segment_starts_at,
        segment_ends_at,
        measured_until_at as ends_at,
        charge_row_number,
        charge_code,
        charge_model,
        metric_code,
        aggregation_type,
        rounding_function,
        rounding_precision,
        case when is_recurring then timestamp '1970-01-01 00:00:00' else period_starts_at end as measured_from
    from {{ ref('int_metering__billable_charges') }}
    where not needs_events
),

usage_cells as (
    select external_subscription_id, metric_code, cell_at, event_count, numeric_count, value_sum
    from {{ ref('int_metering__matched_cells') }}
    where subscription_id is not null
),

points as (
    select
        billable_charges.*,
        cast(1 as bigint) as point_number,
        ends_at as measured_until_at
    from billable_charges
    union all
    select
        billable_charges.*,
        cast(0 as bigint) as point_number,
        segment_starts_at as measured_until_at
    from billable_charges
    where segment_starts_at > period_starts_at
),

aggregated as (
    select
        points.subscription_id,
        points.charge_code,
        points.period_starts_at,
        points.segment_starts_at,
        points.segment_ends_at,
        points.point_number,
        points.charge_row_number,
        points.charge_model,
        points.metric_code,
        points.rounding_function,
        points.rounding_precision,
        cast(
            coalesce(
                sum(
                    case points.aggregation_type
                        when 'count' then usage_cells.event_count
                        when 'sum' then usage_cells.value_sum
                    end
                ), 0
            ) as decimal(38, 9)
        ) as exact_quantity,
        cast(
            coalesce(
                sum(
                    case points.aggregation_type
                        when 'count' then usage_cells.event_count
                        else usage_cells.numeric_count
                    end
                ), 0
            ) as bigint
        ) as event_count
    from points
    left join usage_cells
        on
            points.external_subscription_id = usage_cells.external_subscription_id
            and points.metric_code = usage_cells.metric_code
            and usage_cells.cell_at >= points.measured_from
            and usage_cells.cell_at < points.measured_until_at
    group by
        points.subscription_id,
        points.charge_code,
        points.period_starts_at,
        points.segment_starts_at,
        points.segment_ends_at,
        points.point_number,
        points.charge_row_number,
        points.charge_model,
        points.metric_code,
        points.rounding_function,
        points.rounding_precision
),

quantities as (
    select
        subscription_id,
        charge_code,
        period_starts_at,
        segment_starts_at,
        segment_ends_at,
        point_number,
        charge_row_number,
        charge_model,
        metric_code,
        event_count,
        cast(
            case
                when rounding_function is null then exact_quantity
                else {{ round_units('exact_quantity', 1, 'rounding_function', 'coalesce(rounding_precision, 0)') }}
            end as decimal(38, 9)
        ) as quantity
    from aggregated
)

select * from quantities
