-- R-WALLET: what is left of each lot of credit before this close draws. What its notes return can be drawn at once, as its
-- notes pay at once.
-- Grain: one row per lot_id.

with

running as (select close_date from {{ ref('stg_control__run') }}),

lot_grants as (select * from {{ ref('int_settlement__lot_grants') }}),

issued_lots as (
    select
        lot_id,
        max(credit_rate) as credit_rate,
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

-- A grant that was published is a fact: its amount and its rate no longer follow the catalog.
balances as (
    select
        lot_grants.row_number,
        lot_grants.lot_id,
        lot_grants.wallet_id,
        lot_grants.lot_kind,
        lot_grants.lot_priority,
        lot_grants.granted_on,
        coalesce(lot_grants.voided_on <= running.close_date, false) as is_voided,
        issued_lots.lot_id is null as is_new,
        coalesce(issued_lots.credit_rate, lot_grants.credit_rate) as credit_rate,
        lot_grants.credits as granted_credits,
        cast(coalesce(issued_lots.granted_amount, lot_grants.amount) as decimal(20, 4)) as granted_amount,
        cast(
            coalesce(issued_lots.balance_amount, lot_grants.amount) + coalesce(returned.amount, 0) as decimal(20, 4)
        ) as available_amount
    from lot_grants
    inner join running on lot_grants.granted_on <= running.close_date
    left join issued_lots on lot_grants.lot_id = issued_lots.lot_id
    left join returned on lot_grants.lot_id = returned.lot_id
)

select * from balances
