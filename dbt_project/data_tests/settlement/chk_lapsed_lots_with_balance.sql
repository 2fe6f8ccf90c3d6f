-- R-EXPIRY: nothing is left of a lot that has lapsed or is voided: its grants and returns are drawn, expired or voided.
-- Grain: one row per lot with a balance.

with

movements as (
    select lot_id, movement_kind, amount, coalesce(units, 0) as units
    from {{ ref('stg_issued__credit_movements') }}
    union all
    select lot_id, movement_kind, amount, coalesce(units, 0) as units
    from {{ ref('fct_credit_movements') }}
),

ended_lots as (
    select lot_id
    from {{ ref('fct_lot_expiries') }}
    where has_lapsed
    union
    select wallet_lots.lot_id
    from {{ ref('stg_catalog__wallet_lots') }} as wallet_lots
    inner join {{ ref('stg_control__run') }} as running on wallet_lots.voided_on <= running.close_date
)

select
    movements.lot_id,
    sum({{ signed_movement('movements.movement_kind', 'movements.amount') }}) as balance_amount,
    sum({{ signed_movement('movements.movement_kind', 'movements.units') }}) as balance_units
from movements
inner join ended_lots on movements.lot_id = ended_lots.lot_id
group by movements.lot_id
having
    sum({{ signed_movement('movements.movement_kind', 'movements.amount') }}) <> 0
    or sum({{ signed_movement('movements.movement_kind', 'movements.units') }}) <> 0
