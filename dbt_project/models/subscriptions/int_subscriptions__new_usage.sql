-- R-REOPEN: usage that came after a close was made: accepted, retracted, amended or resent, by whom it names.
-- That of a recurring metric changes every later period too.
-- Grain: one row per (cause, batch_number, user_key, usage_starts_at, usage_ends_at, is_recurring).

with

metrics as (
    select metric_code from {{ ref('stg_catalog__billable_metrics') }}
    where is_recurring
),

named as (
    select
        'late_usage' as cause,
        batch_number,
        code,
        external_subscription_id,
        external_customer_id,
        hour_starts_at as usage_starts_at,
        cast(hour_starts_at + interval '1' hour as timestamp) as usage_ends_at
    from {{ ref('stg_landing__usage_hours') }}
    union all
    select
        'retracted_usage' as cause,
        batch_number,
        code,
        external_subscription_id,
        external_customer_id,
        event_at as usage_starts_at,
        cast(event_at + interval '1' microsecond as timestamp) as usage_ends_at
    from {{ ref('stg_landing__retracted_events') }}
    union all
    select
        'late_usage' as cause,
        batch_number,
        code,
        external_subscription_id,
        external_customer_id,
        event_at as usage_starts_at,
        cast(event_at + interval '1' microsecond as timestamp) as usage_ends_at
    from {{ ref('stg_landing__contested_events') }}
),

new_usage as (
    select distinct
        named.cause,
        named.batch_number,
        case
            when named.external_subscription_id is not null then 'subscription ' || named.external_subscription_id
            else 'customer ' || named.external_customer_id
        end as user_key,
        named.usage_starts_at,
        named.usage_ends_at,
        metrics.metric_code is not null as is_recurring
    from named
    left join metrics on named.code = metrics.metric_code
)

select * from new_usage
