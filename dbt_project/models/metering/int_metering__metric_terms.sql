-- R-AGG: how each metric's events are worth something: by the number in a field, the text in it, an expression, or as one each.
-- `cell_field_name` names the field whose hourly sums and faults are used; '' where hours only count.
-- Grain: one row per metric_code.

with

metrics as (
    select metric_code, aggregation_type, field_name, expression from {{ ref('stg_catalog__billable_metrics') }}
),

charges as (
    select
        metric_code,
        bool_or(needs_events) as needs_events,
        bool_or(charge_model = 'dynamic') as is_dynamic
    from {{ ref('int_metering__charge_terms') }}
    group by metric_code
),

terms as (
    select
        metrics.metric_code,
        metrics.aggregation_type,
        metrics.field_name,
        metrics.expression,
        case
            when metrics.aggregation_type in ('count', 'unique_count') or metrics.expression is not null then ''
            else coalesce(metrics.field_name, '')
        end as cell_field_name,
        coalesce(charges.needs_events, false) as needs_events,
        metrics.aggregation_type = 'unique_count'
        or metrics.expression is not null
        or coalesce(charges.is_dynamic, false) as is_judged_by_event
    from metrics
    left join charges on metrics.metric_code = charges.metric_code
)

select * from terms
