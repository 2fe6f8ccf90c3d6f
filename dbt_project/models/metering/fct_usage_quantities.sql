-- R-AGG: the billable quantity of each charge of each due usage period: the events, or the sum of their values.
-- A charge with no usage has its row too, with quantity 0: its model may still ask a flat amount.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at).

with

billable_charges as (
    select
        subscription_id,
        external_subscription_id,
        period_starts_at,
        period_ends_at,
        charge_row_number,
        charge_code,
        charge_model,
        metric_code,
        aggregation_type
    from {{ ref('int_metering__billable_charges') }}
),

usage_cells as (
    select external_subscription_id, metric_code, cell_at, event_count, numeric_count, value_sum
    from {{ ref('int_metering__usage_cells') }}
),

aggregated as (
    select
        billable_charges.subscription_id,
        billable_charges.charge_code,
        cast(null as varchar) as filter_code,
        cast(null as varchar) as group_key,
        billable_charges.period_starts_at,
        billable_charges.period_ends_at,
        billable_charges.charge_row_number,
        billable_charges.charge_model,
        billable_charges.metric_code,
        cast(
            case billable_charges.aggregation_type
                when 'count' then coalesce(sum(usage_cells.event_count), 0)
                when 'sum' then coalesce(sum(usage_cells.value_sum), 0)
            end as decimal(38, 9)
        ) as quantity,
        cast(
            coalesce(
                sum(
                    case billable_charges.aggregation_type
                        when 'count' then usage_cells.event_count
                        else usage_cells.numeric_count
                    end
                ), 0
            ) as bigint
        ) as event_count
    from billable_charges
    left join usage_cells
        on
            billable_charges.external_subscription_id = usage_cells.external_subscription_id
            and billable_charges.metric_code = usage_cells.metric_code
            and usage_cells.cell_at >= billable_charges.period_starts_at
            and usage_cells.cell_at < billable_charges.period_ends_at
    group by
        billable_charges.subscription_id,
        billable_charges.charge_code,
        billable_charges.period_starts_at,
        billable_charges.period_ends_at,
        billable_charges.charge_row_number,
        billable_charges.charge_model,
        billable_charges.metric_code,
        billable_charges.aggregation_type
)

select * from aggregated
