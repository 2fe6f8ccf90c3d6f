-- R-PRICE-ROW: which row prices a subscription's charge, between which local dates and instants.
-- Grain: one row per (subscription_id, price_kind, charge_code, span_start_date); charge_code NULL is the plan's base fee.

with

terms as (select subscription_id, timezone from {{ ref('int_subscriptions__terms') }}),

price_spans as (
    select subscription_id, price_kind, charge_code, price_row_number, span_start_date, span_end_date
    from {{ ref('int_subscriptions__price_spans') }}
),

midnights as (select timezone, local_date, starts_at from {{ ref('int_subscriptions__midnights') }}),

-- A span without an end lies beyond the time zone data.
in_utc as (
    select
        price_spans.subscription_id,
        price_spans.price_kind,
        price_spans.charge_code,
        price_spans.price_row_number,
        price_spans.span_start_date,
        price_spans.span_end_date,
        first_days.starts_at as span_starts_at,
        coalesce(end_days.starts_at, timestamp '9999-01-01 00:00:00') as span_ends_at
    from price_spans
    inner join terms on price_spans.subscription_id = terms.subscription_id
    inner join midnights as first_days
        on terms.timezone = first_days.timezone and price_spans.span_start_date = first_days.local_date
    left join midnights as end_days
        on terms.timezone = end_days.timezone and price_spans.span_end_date = end_days.local_date
)

select * from in_utc
