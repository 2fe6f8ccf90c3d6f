-- R-CONSERVE: what became of every accepted event, decided again at each close from what is known now.
-- Grain: one row per (verdict, code).

with

matched_cells as (
    select
        code,
        metric_code,
        is_ambiguous,
        cell_at,
        event_count,
        not_numeric_count,
        too_precise_count,
        out_of_range_count,
        subscription_id,
        billing_starts_at,
        usage_billed_until_at
    from {{ ref('int_metering__matched_cells') }}
),

charge_windows as (
    select subscription_id, metric_code, window_starts_at, window_ends_at
    from {{ ref('int_metering__charge_windows') }}
),

retracted_usage as (select code, event_count from {{ ref('int_metering__retracted_usage') }}),

matched as (
    select
        matched_cells.code,
        matched_cells.event_count,
        matched_cells.not_numeric_count,
        matched_cells.too_precise_count,
        matched_cells.out_of_range_count,
        case
            when matched_cells.metric_code is null then 'unknown_metric'
            when matched_cells.is_ambiguous then 'ambiguous_subscription'
            when matched_cells.subscription_id is null then 'no_active_subscription'
            when matched_cells.cell_at < matched_cells.billing_starts_at then 'before_start'
            when charge_windows.subscription_id is null then 'not_charged'
            when matched_cells.cell_at < matched_cells.usage_billed_until_at then 'billed'
            else 'open'
        end as verdict
    from matched_cells
    left join charge_windows
        on
            matched_cells.subscription_id = charge_windows.subscription_id
            and matched_cells.metric_code = charge_windows.metric_code
            and matched_cells.cell_at >= charge_windows.window_starts_at
            and matched_cells.cell_at < charge_windows.window_ends_at
),

-- A value that is no exact number is unmatched where it would have been billed; elsewhere the other reason stands.
split_by_value as (
    select verdict, code, event_count - not_numeric_count - too_precise_count - out_of_range_count as event_count
    from matched
    where verdict in ('billed', 'open')
    union all
    select 'not_numeric' as verdict, code, not_numeric_count as event_count
    from matched
    where verdict in ('billed', 'open')
    union all
    select 'too_precise' as verdict, code, too_precise_count as event_count
    from matched
    where verdict in ('billed', 'open')
    union all
    select 'out_of_range' as verdict, code, out_of_range_count as event_count
    from matched
    where verdict in ('billed', 'open')
    union all
    select verdict, code, event_count
    from matched
    where verdict not in ('billed', 'open')
    union all
    select 'retracted' as verdict, code, event_count
    from retracted_usage
),

counted as (
    select
        verdict,
        code,
        cast(sum(event_count) as bigint) as event_count
    from split_by_value
    group by verdict, code
    having sum(event_count) > 0
)

select * from counted
