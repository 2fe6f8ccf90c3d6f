-- R-WALLET: what was granted and returned to a lot, less what was drawn from it, in earlier closes and in this one, is never
-- below zero.
-- Grain: one row per lot that is overdrawn.

with

movements as (
    select lot_id, movement_kind, amount, coalesce(units, 0) as units
    from {{ ref('stg_issued__credit_movements') }}
    union all
    select lot_id, movement_kind, amount, coalesce(units, 0) as units
    from {{ ref('fct_credit_movements') }}
)

select
    lot_id,
    sum({{ signed_movement('movement_kind', 'amount') }}) as balance_amount,
    sum({{ signed_movement('movement_kind', 'units') }}) as balance_units
from movements
group by lot_id
having
    sum({{ signed_movement('movement_kind', 'amount') }}) < 0
    or sum({{ signed_movement('movement_kind', 'units') }}) < 0
