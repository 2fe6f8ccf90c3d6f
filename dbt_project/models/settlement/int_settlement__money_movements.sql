-- R-WALLET: the movements of lots of money in this close: granted since the last one, drawn by invoices, returned by credit
-- notes, lapsed or voided. What top-up rules give is told apart.
-- Grain: one row per movement_key.

with

running as (select close_date from {{ ref('stg_control__run') }}),

available_lots as (select * from {{ ref('int_settlement__available_lots') }}),

wallet_draws as (
    select document_key, lot_id, wallet_id, lot_kind, customer_id, currency, amount, draw_number
    from {{ ref('int_settlement__wallet_draws') }}
),

drawn_lots as (
    select
        lot_id,
        sum(amount) as amount
    from wallet_draws
    group by lot_id
),

lapsed_lots as (
    select
        lots.lot_id,
        lots.wallet_id,
        lots.lot_kind,
        lots.customer_id,
        lots.currency,
        case when lots.is_voided then 'voided' else 'expired' end as movement_kind,
        cast(lots.available_amount - coalesce(drawn_lots.amount, 0) as decimal(20, 4)) as amount
    from available_lots as lots
    left join drawn_lots on lots.lot_id = drawn_lots.lot_id
    where lots.has_lapsed and lots.available_amount > coalesce(drawn_lots.amount, 0)
),

returned_credits as (
    select document_key, lot_id, wallet_id, lot_kind, customer_id, currency, amount
    from {{ ref('int_settlement__returned_credits') }}
),

movements as (
    select
        'granted/' || lot_id as movement_key,
        cast(null as varchar) as document_key,
        'granted' as movement_kind,
        wallet_id,
        lot_id,
        lot_kind,
        customer_id,
        currency,
        granted_amount as amount,
        granted_on as movement_date,
        cast(null as integer) as draw_number,
        cast(null as varchar) as credit_note_document_key
    from available_lots
    where is_new
    union all
    select
        'used/' || wallet_draws.document_key || '/' || wallet_draws.lot_id as movement_key,
        wallet_draws.document_key,
        'used' as movement_kind,
        wallet_draws.wallet_id,
        wallet_draws.lot_id,
        wallet_draws.lot_kind,
        wallet_draws.customer_id,
        wallet_draws.currency,
        wallet_draws.amount,
        running.close_date as movement_date,
        wallet_draws.draw_number,
        cast(null as varchar) as credit_note_document_key
    from wallet_draws
    cross join running
    union all
    select
        'returned/' || returned_credits.document_key || '/' || returned_credits.lot_id as movement_key,
        cast(null as varchar) as document_key,
        'returned' as movement_kind,
        returned_credits.wallet_id,
        returned_credits.lot_id,
        returned_credits.lot_kind,
        returned_credits.customer_id,
        returned_credits.currency,
        returned_credits.amount,
        running.close_date as movement_date,
        cast(null as integer) as draw_number,
        returned_credits.document_key as credit_note_document_key
    from returned_credits
    cross join running
    union all
    select
        lapsed_lots.movement_kind || '/' || cast(running.close_date as varchar) || '/' || lapsed_lots.lot_id
            as movement_key,
        cast(null as varchar) as document_key,
        lapsed_lots.movement_kind,
        lapsed_lots.wallet_id,
        lapsed_lots.lot_id,
        lapsed_lots.lot_kind,
        lapsed_lots.customer_id,
        lapsed_lots.currency,
        lapsed_lots.amount,
        running.close_date as movement_date,
        cast(null as integer) as draw_number,
        cast(null as varchar) as credit_note_document_key
    from lapsed_lots
    cross join running
),

-- What was granted in credits is that many, whatever the money was rounded to. A lot may have left the catalog.
in_credits as (
    select
        movements.*,
        case
            when movements.movement_kind = 'granted' then available_lots.granted_credits
            else {{ credits_of_amount('movements.amount', 'coalesce(available_lots.credit_rate, 1)') }}
        end as credits,
        coalesce(available_lots.credit_rate, cast(1 as decimal(20, 12))) as credit_rate,
        cast(null as varchar) as metric_code,
        cast(null as decimal(38, 9)) as units
    from movements
    left join available_lots on movements.lot_id = available_lots.lot_id
)

select * from in_credits
