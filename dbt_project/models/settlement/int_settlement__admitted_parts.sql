-- R-WALLET: which parts of an invoice's buckets each step of drawing may pay: those of the fee types or metrics that its wallet
-- is limited to, either of which admits; all if it is limited to none.
-- Grain: one row per (customer_id, currency, drawing_step, payment_rank).

with

wallet_targets as (select wallet_id, metric_code from {{ ref('stg_catalog__wallet_targets') }}),

limited_wallets as (select distinct wallet_id from wallet_targets),

steps as (
    select distinct
        lots.customer_id,
        lots.currency,
        lots.drawing_step,
        lots.wallet_id,
        lots.scope_fee_types,
        limited_wallets.wallet_id as limited_wallet_id
    from {{ ref('int_settlement__available_lots') }} as lots
    left join limited_wallets on lots.wallet_id = limited_wallets.wallet_id
    where lots.drawing_step is not null
),

admitted as (
    select
        parts.document_key,
        parts.customer_id,
        parts.currency,
        steps.drawing_step,
        parts.payment_rank,
        parts.scope_fee_type,
        parts.metric_code,
        parts.service_period_start,
        parts.amount
    from {{ ref('int_settlement__wallet_buckets') }} as parts
    inner join steps on parts.customer_id = steps.customer_id and parts.currency = steps.currency
    left join wallet_targets
        on steps.wallet_id = wallet_targets.wallet_id and parts.metric_code = wallet_targets.metric_code
    where
        {{ is_admitted_by_wallet(
            'steps.scope_fee_types', 'steps.limited_wallet_id', 'parts.scope_fee_type', 'wallet_targets.wallet_id'
        ) }}
)

select * from admitted
