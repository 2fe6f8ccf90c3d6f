-- R-DOWNGRADE: where the period ends in which a request finds an earlier plan of its external id, if that is still active.
-- Bounds of registered base periods are facts, but for an end of the subscription's own; before and beyond they are scheduled.
-- Grain: one row per (subscription_id, later_subscription_id).

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
        max(period_end_date) as period_end_date
    from registered
    group by subscription_id
),

tz_offsets as (
    select timezone, offset_starts_at, offset_ends_at, offset_seconds from {{ ref('stg_reference__tz_offsets') }}
),

-- The first date that is a bound at or after the request is one of these two: the request's own date may be one.
pairs as (
    select
        earlier.subscription_id,
        later.subscription_id as later_subscription_id,
        later.requested_at,
        earlier.timezone,
        earlier.billing_interval,
        {{ period_origin('request_dates.anchor_date', 'earlier.billing_time') }} as origin_date,
        request_dates.request_date,
        registered_spans.period_start_date as registered_from,
        registered_spans.period_end_date as registered_until
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

candidate_dates as (
    select
        pairs.*,
        {{ next_period_start('origin_date', 'billing_interval', "cast(request_date - interval '1' day as date)") }}
            as boundary_date
    from pairs
    union
    select
        pairs.*,
        {{ next_period_start('origin_date', 'billing_interval', 'request_date') }} as boundary_date
    from pairs
    union
    select
        pairs.*,
        {{ next_period_start('origin_date', 'billing_interval', 'registered_until') }} as boundary_date
    from pairs
    where registered_until >= request_date
),

candidate_bounds as (
    select
        candidate_dates.subscription_id,
        candidate_dates.later_subscription_id,
        candidate_dates.requested_at,
        candidate_dates.boundary_date,
        min({{ day_start(
            'candidate_dates.boundary_date', 'tz_offsets.offset_starts_at', 'tz_offsets.offset_seconds'
        ) }}) as boundary_at
    from candidate_dates
    inner join tz_offsets
        on
            candidate_dates.timezone = tz_offsets.timezone
            and {{ day_start(
                'candidate_dates.boundary_date', 'tz_offsets.offset_starts_at', 'tz_offsets.offset_seconds'
            ) }} < tz_offsets.offset_ends_at
    where
        candidate_dates.registered_from is null
        or candidate_dates.boundary_date <= candidate_dates.registered_from
        or candidate_dates.boundary_date > candidate_dates.registered_until
    group by
        candidate_dates.subscription_id,
        candidate_dates.later_subscription_id,
        candidate_dates.requested_at,
        candidate_dates.boundary_date
    union all
    select
        pairs.subscription_id,
        pairs.later_subscription_id,
        pairs.requested_at,
        registered.period_end_date as boundary_date,
        registered.period_ends_at as boundary_at
    from pairs
    inner join registered on pairs.subscription_id = registered.subscription_id
    where registered.period_end_date = {{ next_period_start(
        'pairs.origin_date', 'pairs.billing_interval', "cast(registered.period_end_date - interval '1' day as date)"
    ) }}
),

numbered as (
    select
        candidate_bounds.*,
        row_number() over (
            partition by subscription_id, later_subscription_id
            order by boundary_at, boundary_date
        ) as bound_number
    from candidate_bounds
    where boundary_at >= requested_at
),

first_bounds as (
    select subscription_id, later_subscription_id, boundary_at, boundary_date from numbered
    where bound_number = 1
)

select * from first_bounds
