-- R-AGG: daily usage that earlier closes published, in publications that are visible.
-- Grain: one row per (publication_sequence, subscription_id, metric_code, usage_date, period_starts_at).

with

running as (select close_sequence from {{ ref('stg_control__run') }}),

publications as (select publication_sequence, close_sequence from {{ source('issued', 'publications') }}),

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
    inner join running on publications.close_sequence < coalesce(running.close_sequence, 2147483647)
)

select * from visible_before_the_run
