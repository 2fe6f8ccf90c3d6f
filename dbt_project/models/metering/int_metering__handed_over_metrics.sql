-- R-HANDOVER: the metrics that an upgrade hands over: those which the new plan charges on the first day that it bills.
-- Grain: one row per (subscription_id, metric_code).

with

subscriptions as (
    select
        subscription_id,
        customer_id,
        external_subscription_id,
        started_at,
        ended_at,
        end_kind,
        billing_starts_at
    from {{ ref('dim_subscriptions') }}
),

price_spans as (
    select subscription_id, price_row_number, span_starts_at, span_ends_at
    from {{ ref('fct_price_spans') }}
    where price_kind = 'charge'
),

charge_terms as (select charge_row_number, metric_code from {{ ref('int_metering__charge_terms') }}),

handed_over as (
    select distinct
        subscriptions.subscription_id,
        charge_terms.metric_code
    from subscriptions
    inner join subscriptions as successors
        on
            subscriptions.customer_id = successors.customer_id
            and subscriptions.external_subscription_id = successors.external_subscription_id
            and subscriptions.ended_at = successors.started_at
    inner join price_spans
        on
            successors.subscription_id = price_spans.subscription_id
            and successors.billing_starts_at >= price_spans.span_starts_at
            and successors.billing_starts_at < price_spans.span_ends_at
    inner join charge_terms on price_spans.price_row_number = charge_terms.charge_row_number
    where subscriptions.end_kind = 'upgrade'
)

select * from handed_over
