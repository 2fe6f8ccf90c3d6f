-- R-CONSERVE: between which instants some charge of its plan prices a subscription's metric.
-- Grain: one row per (subscription_id, metric_code, window_starts_at).

with

price_spans as (
    select subscription_id, price_row_number, span_starts_at, span_ends_at
    from {{ ref('fct_price_spans') }}
    where price_kind = 'charge'
),

charge_terms as (select charge_row_number, metric_code from {{ ref('int_metering__charge_terms') }}),

metric_spans as (
    select
        price_spans.subscription_id,
        charge_terms.metric_code,
        price_spans.span_starts_at,
        price_spans.span_ends_at,
        max(price_spans.span_ends_at) over (
            partition by price_spans.subscription_id, charge_terms.metric_code
            order by price_spans.span_starts_at, price_spans.span_ends_at
            rows between unbounded preceding and 1 preceding
        ) as covered_until_at
    from price_spans
    inner join charge_terms on price_spans.price_row_number = charge_terms.charge_row_number
),

-- Spans of several charges that touch or meet are one window: an event lies in one window or in none.
numbered as (
    select
        subscription_id,
        metric_code,
        span_starts_at,
        span_ends_at,
        sum(case when span_starts_at <= covered_until_at then 0 else 1 end) over (
            partition by subscription_id, metric_code
            order by span_starts_at, span_ends_at
        ) as window_number
    from metric_spans
),

windows as (
    select
        subscription_id,
        metric_code,
        min(span_starts_at) as window_starts_at,
        max(span_ends_at) as window_ends_at
    from numbered
    group by subscription_id, metric_code, window_number
)

select * from windows
