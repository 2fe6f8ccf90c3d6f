-- R-DOWNGRADE: the dates that may bound an earlier plan of an external id where a request finds it active: the first ones of
-- its schedule at or after the request, beyond what is registered, and the ends of registered base periods.
-- Grain: one row per (subscription_id, later_subscription_id, date_before, registered_ends_at).

with

requests as (
    select
        subscription_id,
        external_subscription_id,
        customer_id,
        request_number,
        timezone,
        billing_interval,
        billing_time,
        requested_at,
        stated_end_at
    from {{ ref('int_subscriptions__requests') }}
),

request_dates as (select subscription_id, request_date, anchor_date from {{ ref('int_subscriptions__request_dates') }}),

registered as (
    select subscription_id, period_ends_at, period_start_date, period_end_date
    from {{ ref('stg_issued__billed_periods') }}
    where fee_family = 'base'
),

registered_spans as (
    select
        subscription_id,
        min(period_start_date) as period_start_date,
        max(period_end_date) as period_end_date,
        max(period_ends_at) as period_ends_at
    from registered
    group by subscription_id
),

pairs as (
    select
        earlier.subscription_id,
        later.subscription_id as later_subscription_id,
        later.requested_at,
        earlier.timezone,
        earlier.billing_interval,
        {{ period_origin('request_dates.anchor_date', 'earlier.billing_time') }} as origin_date,
        request_dates.request_date,
        earlier.stated_end_at,
        registered_spans.period_start_date as registered_from,
        -- An end of the subscription's own is no bound, even in the last instant of a period.
        case
            when registered_spans.period_ends_at = earlier.stated_end_at
                then cast(registered_spans.period_end_date - interval '1' day as date)
            else registered_spans.period_end_date
        end as registered_until
    from requests as earlier
    inner join requests as later
        on
            earlier.customer_id = later.customer_id
            and earlier.external_subscription_id = later.external_subscription_id
            and earlier.request_number < later.request_number
            and earlier.stated_end_at > later.requested_at
    inner join request_dates on later.subscription_id = request_dates.subscription_id
    left join registered_spans on earlier.subscription_id = registered_spans.subscription_id
),

-- Bounds are looked for after these dates: the first at or after the request may be its own date. A registered end is one
-- itself, if it is the bound after the day before it.
dates_before as (
    select
        pairs.*,
        cast(request_date - interval '1' day as date) as date_before,
        cast(null as timestamp) as registered_ends_at
    from pairs
    union
    select
        pairs.*,
        request_date as date_before,
        cast(null as timestamp) as registered_ends_at
    from pairs
    union
    select
        pairs.*,
        registered_until as date_before,
        cast(null as timestamp) as registered_ends_at
    from pairs
    where registered_until >= request_date
    union
    select
        pairs.*,
        cast(registered.period_end_date - interval '1' day as date) as date_before,
        registered.period_ends_at as registered_ends_at
    from pairs
    inner join registered on pairs.subscription_id = registered.subscription_id
    where registered.period_ends_at <> pairs.stated_end_at
),

counted as (
    select
        dates_before.*,
        {{ period_number('origin_date', 'billing_interval', 'date_before') }} as near_number
    from dates_before
),

candidate_dates as (
    select
        subscription_id,
        later_subscription_id,
        requested_at,
        timezone,
        registered_from,
        registered_until,
        date_before,
        registered_ends_at,
        {{ next_period_start('origin_date', 'billing_interval', 'near_number', 'date_before') }} as boundary_date
    from counted
)

select * from candidate_dates
