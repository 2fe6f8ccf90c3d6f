-- R-EXPIRY: nothing is left of a lot that has lapsed: its grants and returns are drawn or expired.
-- Grain: one row per lot with a balance.

with

movements as (
    select lot_id, movement_kind, amount, coalesce(units, 0) as units
    from {{ ref('stg_issued__credit_movements') }}
    union all
    select lot_id, movement_kind, amount, coalesce(units, 0) as units
    from {{ ref('fct_credit_movements') }}
)

select
    movements.lot_id,
    sum({{ signed_movement('movements.movement_kind', 'movements.amount') }}) as balance_amount,
    sum({{ signed_movement('movements.movement_kind', 'movements.units') }}) as balance_units
from movements
inner join {{ ref('fct_lot_expiries') }} as lot_expiries on movements.lot_id = lot_expiries.lot_id
where lot_expiries.has_lapsed
group by movements.lot_id
having
    sum({{ signed_movement('movements.movement_kind', 'movements.amount') }}) <> 0
    or sum({{ signed_movement('movements.movement_kind', 'movements.units') }}) <> 0
