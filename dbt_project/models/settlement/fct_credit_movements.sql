-- R-WALLET: every movement of prepaid credit in this close: lots granted since the last one, what invoices drew, what
-- credit notes returned, what lapsed, and what top-up rules gave; of money, and of units.
-- Grain: one row per movement_key.

with

of_money_and_units as (
    select * from {{ ref('int_settlement__money_movements') }}
    union all
    select
        'granted/' || lot_id as movement_key,
        cast(null as varchar) as document_key,
        'granted' as movement_kind,
        wallet_id,
        lot_id,
        lot_kind,
        customer_id,
        currency,
        amount,
        topped_up_on as movement_date,
        cast(null as integer) as draw_number,
        cast(null as varchar) as credit_note_document_key,
        credits,
        credit_rate,
        cast(null as varchar) as metric_code,
        cast(null as decimal(38, 9)) as units
    from {{ ref('int_settlement__top_ups') }}
    where lot_kind = 'granted'
    union all
    select * from {{ ref('int_settlement__unit_movements') }}
)

select * from of_money_and_units
