-- R-TOP-UP: the lots that this close tops up: what a rule gives counts at once, and pays from the next close on; what it sells
-- stands on an invoice, and counts once that is paid. Sold credits are those that the rounded money buys.
-- Grain: one row per lot_id.

with

running as (select close_date from {{ ref('stg_control__run') }}),

amounts as (select * from {{ ref('int_settlement__top_up_amounts') }}),

lots as (
    select
        amounts.*,
        'granted' as lot_kind,
        cast(null as varchar) as invoice_type,
        granted_amount as amount,
        case method
            when 'fixed' then free_credits else {{ credits_of_amount('granted_amount', 'credit_rate') }}
        end as credits
    from amounts
    where granted_amount > 0
    union all
    select
        amounts.*,
        'purchased' as lot_kind,
        'top_up' as invoice_type,
        paid_amount as amount,
        {{ credits_of_amount('paid_amount', 'credit_rate') }} as credits
    from amounts
    where paid_amount > 0
),

top_ups as (
    select
        'invoice/' || cast(running.close_date as varchar) || '/' || lots.billing_entity_code || '/' || lots.customer_id
        || '/' || lots.currency || '/' || lots.invoice_type as document_key,
        'top_up/' || cast(running.close_date as varchar) || '/' || lots.top_up_rule_id || '/' || lots.lot_kind
            as lot_id,
        lots.lot_kind,
        lots.row_number,
        lots.top_up_rule_id,
        lots.wallet_id,
        lots.customer_id,
        lots.billing_entity_code,
        lots.currency,
        lots.trigger_type,
        lots.method,
        running.close_date as topped_up_on,
        lots.ongoing_balance_amount,
        lots.threshold_credits,
        lots.target_ongoing_balance,
        lots.step_count,
        lots.credit_rate,
        lots.credits,
        lots.paid_unrounded,
        lots.amount,
        lots.description,
        lots.day_starts_at,
        lots.day_ends_at
    from lots
    cross join running
)

select * from top_ups
