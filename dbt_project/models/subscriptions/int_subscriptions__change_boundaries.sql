-- R-DOWNGRADE: where the period ends in which a request finds an earlier plan of its external id, if that is still active.
-- Bounds of registered base periods are facts, but for an end of the subscription's own; before and beyond they are scheduled.
-- Grain: one row per (subscription_id, later_subscription_id).

with

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
        boundary_date
    from {{ ref('int_subscriptions__change_dates') }}
),

tz_offsets as (
    select timezone, offset_starts_at, offset_ends_at, offset_seconds from {{ ref('stg_reference__tz_offsets') }}
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
        candidate_dates.registered_ends_at is null
        and (
            candidate_dates.registered_from is null
            or candidate_dates.boundary_date <= candidate_dates.registered_from
            or candidate_dates.boundary_date > candidate_dates.registered_until
        )
    group by
        candidate_dates.subscription_id,
        candidate_dates.later_subscription_id,
        candidate_dates.requested_at,
        candidate_dates.boundary_date
    union all
    select
        subscription_id,
        later_subscription_id,
        requested_at,
        boundary_date,
        registered_ends_at as boundary_at
    from candidate_dates
    where registered_ends_at is not null and boundary_date = cast(date_before + interval '1' day as date)
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
