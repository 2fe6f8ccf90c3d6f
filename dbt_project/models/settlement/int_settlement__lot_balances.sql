-- R-WALLET: what is left of each lot of credit before this close draws. What its notes return can be drawn at once, as its
-- notes pay at once.
-- Grain: one row per lot_id.

with

running as (select close_date from {{ ref('stg_control__run') }}),

wallet_lots as (
    select row_number, lot_id, wallet_id, lot_kind, amount, granted_on, lot_priority
    from {{ ref('stg_catalog__wallet_lots') }}
),

issued_lots as (
    select
        lot_id,
        sum(case when movement_kind = 'granted' then amount else 0 end) as granted_amount,
        sum({{ signed_movement('movement_kind', 'amount') }}) as balance_amount
    from {{ ref('stg_issued__credit_movements') }}
    group by lot_id
),

returned as (
    select
        lot_id,
        sum(amount) as amount
    from {{ ref('int_settlement__returned_credits') }}
    group by lot_id
),

-- A grant that was published is a fact: its amount no longer follows the catalog.
balances as (
    select
        wallet_lots.row_number,
        wallet_lots.lot_id,
        wallet_lots.wallet_id,
        wallet_lots.lot_kind,
        wallet_lots.lot_priority,
        wallet_lots.granted_on,
        issued_lots.lot_id is null as is_new,
        cast(coalesce(issued_lots.granted_amount, wallet_lots.amount) as decimal(20, 4)) as granted_amount,
        cast(
            coalesce(issued_lots.balance_amount, wallet_lots.amount) + coalesce(returned.amount, 0) as decimal(20, 4)
        ) as available_amount
    from wallet_lots
    inner join running on wallet_lots.granted_on <= running.close_date
    left join issued_lots on wallet_lots.lot_id = issued_lots.lot_id
    left join returned on wallet_lots.lot_id = returned.lot_id
)

select * from balances
