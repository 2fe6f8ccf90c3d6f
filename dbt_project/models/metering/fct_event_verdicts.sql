-- R-CONSERVE: what became of every accepted event, decided again at each close from what is known now.
-- Grain: one row per (verdict, code).

with

usage_cells as (
    select
        code,
        metric_code,
        external_subscription_id,
        is_ambiguous,
        cell_at,
        event_count,
        not_numeric_count,
        too_precise_count,
        out_of_range_count
    from {{ ref('int_metering__usage_cells') }}
),

subscriptions as (
    select
        subscription_id,
        external_subscription_id,
        plan_code,
        started_at,
        ended_at,
        billing_starts_at,
        usage_billed_until_at
    from {{ ref('dim_subscriptions') }}
),

charged_metrics as (select distinct plan_code, metric_code from {{ ref('stg_catalog__charges') }}),

matched as (
    select
        usage_cells.code,
        usage_cells.event_count,
        usage_cells.not_numeric_count,
        usage_cells.too_precise_count,
        usage_cells.out_of_range_count,
        case
            when usage_cells.metric_code is null then 'unknown_metric'
            when usage_cells.is_ambiguous then 'ambiguous_subscription'
            when subscriptions.subscription_id is null then 'no_active_subscription'
            when usage_cells.cell_at < subscriptions.billing_starts_at then 'before_start'
            when charged_metrics.metric_code is null then 'not_charged'
            when usage_cells.cell_at < subscriptions.usage_billed_until_at then 'billed'
            else 'open'
        end as verdict
    from usage_cells
    left join subscriptions
        on
            usage_cells.external_subscription_id = subscriptions.external_subscription_id
            and usage_cells.cell_at >= subscriptions.started_at
            and usage_cells.cell_at < subscriptions.ended_at
    left join charged_metrics
        on
            subscriptions.plan_code = charged_metrics.plan_code
            and usage_cells.metric_code = charged_metrics.metric_code
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
