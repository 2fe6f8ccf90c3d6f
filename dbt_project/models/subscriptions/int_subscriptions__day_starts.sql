-- R-ZONE: the UTC instant at which a local date begins: the first instant whose local date is that date or later.
-- So a midnight that a zone skips begins at the change, and one that occurs twice begins at the first.
-- Grain: one row per (timezone, local_date) that bounds a scheduled period or a trial.

with

terms as (select subscription_id, timezone, trial_end_date from {{ ref('int_subscriptions__terms') }}),

calendar_periods as (
    select subscription_id, whole_start_date, whole_end_date from {{ ref('int_subscriptions__calendar_periods') }}
),

tz_offsets as (
    select timezone, offset_starts_at, offset_ends_at, offset_seconds from {{ ref('stg_reference__tz_offsets') }}
),

bounding_dates as (
    select terms.timezone, calendar_periods.whole_start_date as local_date
    from calendar_periods
    inner join terms on calendar_periods.subscription_id = terms.subscription_id
    union
    select terms.timezone, calendar_periods.whole_end_date as local_date
    from calendar_periods
    inner join terms on calendar_periods.subscription_id = terms.subscription_id
    union
    select timezone, trial_end_date as local_date
    from terms
    where trial_end_date is not null
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

earliest_instants as (
    select
        timezone,
        local_date,
        min(starts_at) as starts_at
    from candidate_instants
    where starts_at < offset_ends_at
    group by timezone, local_date
)

select * from earliest_instants
