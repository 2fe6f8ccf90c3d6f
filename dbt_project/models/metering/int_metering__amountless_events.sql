-- R-DYNAMIC: events that a dynamic charge prices, and that brought no amount: their verdict is not_numeric.
-- Grain: one row per (file_hash, line_number).

with

amountless as (
    select file_hash, line_number, metric_code, external_subscription_id, event_at
    from {{ ref('int_metering__valued_events') }}
    where precise_total_amount_cents is null and fault is null
),

dynamic_charges as (
    select charge_row_number, metric_code
    from {{ ref('int_metering__charge_terms') }}
    where charge_model = 'dynamic'
),

price_spans as (
    select subscription_id, price_row_number, span_starts_at, span_ends_at from {{ ref('fct_price_spans') }}
    where price_kind = 'charge'
),

subscriptions as (select subscription_id, external_subscription_id from {{ ref('dim_subscriptions') }}),

dynamically_priced as (
    select distinct
        amountless.file_hash,
        amountless.line_number
    from amountless
    inner join dynamic_charges on amountless.metric_code = dynamic_charges.metric_code
    inner join subscriptions on amountless.external_subscription_id = subscriptions.external_subscription_id
    inner join price_spans
        on
            subscriptions.subscription_id = price_spans.subscription_id
            and dynamic_charges.charge_row_number = price_spans.price_row_number
            and amountless.event_at >= price_spans.span_starts_at
            and amountless.event_at < price_spans.span_ends_at
)

select * from dynamically_priced
