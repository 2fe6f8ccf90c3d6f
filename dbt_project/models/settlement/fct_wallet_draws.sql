-- R-BUCKET: which fees each lot paid: what an invoice drew from it, by fee type and metric and by start of service.
-- Grain: one row per (document_key, lot_id, bucket_number, service_period_start).

with

available_lots as (
    select lot_id, wallet_id, customer_id, currency, drawing_rank from {{ ref('int_settlement__available_lots') }}
),

parts as (select * from {{ ref('int_settlement__wallet_buckets') }}),

draws as (
    select
        parts.document_key,
        available_lots.lot_id,
        available_lots.wallet_id,
        parts.bucket_rank as bucket_number,
        parts.scope_fee_type,
        parts.metric_code,
        parts.service_period_start,
        step_draws.currency,
        step_draws.amount
    from {{ ref('int_settlement__step_draws') }} as step_draws
    inner join parts
        on
            step_draws.customer_id = parts.customer_id
            and step_draws.currency = parts.currency
            and step_draws.payment_rank = parts.payment_rank
    inner join available_lots
        on
            step_draws.customer_id = available_lots.customer_id
            and step_draws.currency = available_lots.currency
            and step_draws.drawing_rank = available_lots.drawing_rank
)

select * from draws
