-- R-WALLET: what each invoice draws from each lot, in the order in which it draws.
-- Grain: one row per (document_key, lot_id) that moves money.

with

available_lots as (
    select lot_id, wallet_id, lot_kind, customer_id, currency, drawing_rank
    from {{ ref('int_settlement__available_lots') }}
),

parts as (
    select document_key, customer_id, currency, payment_rank from {{ ref('int_settlement__wallet_buckets') }}
),

drawn as (
    select
        parts.document_key,
        step_draws.customer_id,
        step_draws.currency,
        step_draws.drawing_rank,
        cast(sum(step_draws.amount) as decimal(20, 4)) as amount
    from {{ ref('int_settlement__step_draws') }} as step_draws
    inner join parts
        on
            step_draws.customer_id = parts.customer_id
            and step_draws.currency = parts.currency
            and step_draws.payment_rank = parts.payment_rank
    group by parts.document_key, step_draws.customer_id, step_draws.currency, step_draws.drawing_rank
),

draws as (
    select
        drawn.document_key,
        available_lots.lot_id,
        available_lots.wallet_id,
        available_lots.lot_kind,
        drawn.customer_id,
        drawn.currency,
        drawn.amount,
        cast(row_number() over (partition by drawn.document_key order by drawn.drawing_rank) as integer) as draw_number
    from drawn
    inner join available_lots
        on
            drawn.customer_id = available_lots.customer_id
            and drawn.currency = available_lots.currency
            and drawn.drawing_rank = available_lots.drawing_rank
)

select * from draws
