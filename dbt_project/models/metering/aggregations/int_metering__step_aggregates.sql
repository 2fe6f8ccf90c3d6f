-- R-QUANTITY: the exact aggregate through each step that has events, whatever aggregates it.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, step_number).

{% set aggregations = [
    'event_counts_and_sums', 'maxima', 'latest_values', 'unique_counts', 'weighted_sums', 'custom_aggregations'
] %}

with

aggregates as (
    {% for name in aggregations -%}
        select
            subscription_id,
            charge_code,
            filter_code,
            group_key,
            period_starts_at,
            segment_starts_at,
            step_number,
            event_count,
            quantity,
            prorated_numerator,
            given_amount_unrounded
        from {{ ref('int_metering__' ~ name) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from aggregates
