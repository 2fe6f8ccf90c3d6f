-- R-TOP-UP: the lots that this close tops up, as they are kept: those sold count in the close that sees their invoice paid.
-- Grain: one row per lot_id.

with

top_ups as (
    select
        document_key,
        lot_id,
        lot_kind,
        wallet_id,
        customer_id,
        currency,
        top_up_rule_id,
        trigger_type,
        method,
        topped_up_on,
        ongoing_balance_amount,
        credit_rate,
        credits,
        amount
    from {{ ref('int_settlement__top_ups') }}
)

select * from top_ups
