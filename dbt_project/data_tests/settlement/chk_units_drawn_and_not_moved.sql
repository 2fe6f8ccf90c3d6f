-- R-UNITS: what lots of units paid of fees, less what came back, is what moved in them in this close, lot by lot.
-- Grain: one row per lot whose draws and movements differ.

with

drawn_and_moved as (
    select lot_id, units as drawn_units, 0 as moved_units
    from {{ ref('fct_unit_draws') }}
    union all
    select
        lot_id,
        0 as drawn_units,
        case when movement_kind = 'used' then units else 0 - units end as moved_units
    from {{ ref('fct_credit_movements') }}
    where movement_kind in ('used', 'returned') and units is not null
)

select
    lot_id,
    sum(drawn_units) as drawn_units,
    sum(moved_units) as moved_units
from drawn_and_moved
group by lot_id
having sum(drawn_units) <> sum(moved_units)
