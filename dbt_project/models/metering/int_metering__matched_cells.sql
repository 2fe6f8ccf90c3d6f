-- R-MATCH: each cell of usage with the subscription that was active at its instant, if there was one.
-- Grain: one row per cell of int_metering__usage_cells.

with

usage_cells as (
    select
        code,
        metric_code,
        external_subscription_id,
        is_ambiguous,
        cell_at,
        event_count,
        numeric_count,
        value_sum,
        not_numeric_count,
        too_precise_count,
        out_of_range_count
    from {{ ref('int_metering__usage_cells') }}
),

subscriptions as (
    select subscription_id, external_subscription_id, started_at, ended_at, billing_starts_at, usage_billed_until_at
    from {{ ref('dim_subscriptions') }}
),

matched_cells as (
    select
        usage_cells.*,
        subscriptions.subscription_id,
        subscriptions.billing_starts_at,
        subscriptions.usage_billed_until_at
    from usage_cells
    left join subscriptions
        on
            usage_cells.external_subscription_id = subscriptions.external_subscription_id
            and usage_cells.cell_at >= subscriptions.started_at
            and usage_cells.cell_at < subscriptions.ended_at
)

select * from matched_cells
