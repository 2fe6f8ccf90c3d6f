-- R-AGG: daily usage that earlier closes published, in publications that are visible.
-- Grain: one row per (publication_sequence, subscription_id, metric_code, usage_date, period_starts_at).

with

publications as (select publication_sequence from {{ ref('stg_issued__publications') }}),

usage_daily as (
    select
        publication_sequence,
        subscription_id,
        metric_code,
        usage_date,
        period_starts_at,
        event_count,
        quantity
    from {{ source('issued', 'usage_daily') }}
),

visible_before_the_run as (
    select usage_daily.*
    from usage_daily
    inner join publications on usage_daily.publication_sequence = publications.publication_sequence
)

select * from visible_before_the_run
