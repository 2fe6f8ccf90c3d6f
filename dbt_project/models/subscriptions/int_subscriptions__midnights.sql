-- R-ZONE: the UTC instant at which a local date begins, for the dates on which prices change, that bound registered periods, and
-- for the close date. As for the dates of scheduled periods: the first instant whose local date is that date or later.
-- Grain: one row per (timezone, local_date).

with

running as (select close_date from {{ ref('stg_control__run') }}),

terms as (select subscription_id, timezone from {{ ref('int_subscriptions__terms') }}),

price_spans as (
    select subscription_id, span_start_date, span_end_date from {{ ref('int_subscriptions__price_spans') }}
),

registered_periods as (
    select timezone, whole_start_date, whole_end_date, trial_end_date
    from {{ ref('int_subscriptions__periods_behind') }}
),

tz_offsets as (
    select timezone, offset_starts_at, offset_ends_at, offset_seconds from {{ ref('stg_reference__tz_offsets') }}
),

zoned_spans as (
    select terms.timezone, price_spans.span_start_date, price_spans.span_end_date
    from terms
    inner join price_spans on terms.subscription_id = price_spans.subscription_id
),

bounding_dates as (
    select timezone, span_start_date as local_date
    from zoned_spans
    union
    select timezone, span_end_date as local_date
    from zoned_spans
    union
    select timezone, whole_start_date as local_date
    from registered_periods
    union
    select timezone, whole_end_date as local_date
    from registered_periods
    union
    select timezone, trial_end_date as local_date
    from registered_periods
    where trial_end_date is not null
    union
    select terms.timezone, running.close_date as local_date
    from terms
    cross join running
),

candidate_instants as (
    select
        bounding_dates.timezone,
        bounding_dates.local_date,
        tz_offsets.offset_ends_at,
        {{ day_start(
            'bounding_dates.local_date', 'tz_offsets.offset_starts_at', 'tz_offsets.offset_seconds'
        ) }} as starts_at
    from bounding_dates
    inner join tz_offsets on bounding_dates.timezone = tz_offsets.timezone
),

midnights as (
    select
        timezone,
        local_date,
        min(starts_at) as starts_at
    from candidate_instants
    where starts_at < offset_ends_at
    group by timezone, local_date
)

select * from midnights
