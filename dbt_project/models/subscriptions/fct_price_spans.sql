-- R-PRICE-ROW: which row prices a subscription's charge, between which local dates and instants.
-- Grain: one row per (subscription_id, charge_code, span_start_date); charge_code NULL is the plan's base fee.

with

terms as (select subscription_id, timezone from {{ ref('int_subscriptions__terms') }}),

price_spans as (
    select subscription_id, charge_code, price_row_number, span_start_date, span_end_date
    from {{ ref('int_subscriptions__price_spans') }}
),

tz_offsets as (
    select timezone, offset_starts_at, offset_ends_at, offset_seconds from {{ ref('stg_reference__tz_offsets') }}
),

price_dates as (
    select terms.timezone, price_spans.span_start_date as local_date
    from price_spans
    inner join terms on price_spans.subscription_id = terms.subscription_id
    union
    select terms.timezone, price_spans.span_end_date as local_date
    from price_spans
    inner join terms on price_spans.subscription_id = terms.subscription_id
),

candidate_instants as (
    select
        price_dates.timezone,
        price_dates.local_date,
        tz_offsets.offset_ends_at,
        {{ day_start(
            'price_dates.local_date', 'tz_offsets.offset_starts_at', 'tz_offsets.offset_seconds'
        ) }} as starts_at
    from price_dates
    inner join tz_offsets on price_dates.timezone = tz_offsets.timezone
),

earliest_instants as (
    select
        timezone,
        local_date,
        min(starts_at) as starts_at
    from candidate_instants
    where starts_at < offset_ends_at
    group by timezone, local_date
),

-- A span without an end lies beyond the time zone data.
in_utc as (
    select
        price_spans.subscription_id,
        price_spans.charge_code,
        price_spans.price_row_number,
        price_spans.span_start_date,
        price_spans.span_end_date,
        first_days.starts_at as span_starts_at,
        coalesce(end_days.starts_at, timestamp '9999-01-01 00:00:00') as span_ends_at
    from price_spans
    inner join terms on price_spans.subscription_id = terms.subscription_id
    inner join earliest_instants as first_days
        on terms.timezone = first_days.timezone and price_spans.span_start_date = first_days.local_date
    left join earliest_instants as end_days
        on terms.timezone = end_days.timezone and price_spans.span_end_date = end_days.local_date
)

select * from in_utc
