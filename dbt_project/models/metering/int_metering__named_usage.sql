-- R-MATCH: hourly usage under the subscription that it names, once for each event: a metric's own field, else the event count.
-- Usage that names only a customer belongs to the one that the customer has then; with several it is ambiguous. An hour in which
-- that changes is there once for each span; it is read event by event.
-- Grain: one row per (batch_number, code, named_subscription_id, named_customer_id, hour_starts_at, span_starts_at).

with

usage_hours as (
    select
        batch_number,
        field_name,
        code,
        external_subscription_id,
        external_customer_id,
        hour_starts_at,
        event_count,
        numeric_count,
        value_sum,
        not_numeric_count,
        too_precise_count,
        out_of_range_count
    from {{ ref('stg_landing__usage_hours') }}
),

metrics as (
    select metric_code, cell_field_name as field_name from {{ ref('int_metering__metric_terms') }}
),

sole_subscriptions as (
    select customer_id, span_starts_at, span_ends_at, external_subscription_id, has_several
    from {{ ref('int_metering__sole_subscriptions') }}
),

named as (
    select
        usage_hours.batch_number,
        usage_hours.code,
        usage_hours.external_subscription_id as named_subscription_id,
        usage_hours.external_customer_id as named_customer_id,
        metrics.metric_code,
        coalesce(metrics.field_name, '') as field_name,
        coalesce(usage_hours.external_subscription_id, sole_subscriptions.external_subscription_id)
            as external_subscription_id,
        usage_hours.external_subscription_id is null and coalesce(sole_subscriptions.has_several, false)
            as is_ambiguous,
        coalesce(sole_subscriptions.span_starts_at, timestamp '0001-01-01 00:00:00') as span_starts_at,
        coalesce(sole_subscriptions.span_ends_at, timestamp '9999-12-31 00:00:00') as span_ends_at,
        usage_hours.hour_starts_at,
        usage_hours.event_count,
        usage_hours.numeric_count,
        usage_hours.value_sum,
        usage_hours.not_numeric_count,
        usage_hours.too_precise_count,
        usage_hours.out_of_range_count
    from usage_hours
    left join metrics on usage_hours.code = metrics.metric_code
    left join sole_subscriptions
        on
            usage_hours.external_subscription_id is null
            and usage_hours.external_customer_id = sole_subscriptions.customer_id
            and usage_hours.hour_starts_at < sole_subscriptions.span_ends_at
            and usage_hours.hour_starts_at + interval '1' hour > sole_subscriptions.span_starts_at
    where usage_hours.field_name = coalesce(metrics.field_name, '')
)

select * from named
