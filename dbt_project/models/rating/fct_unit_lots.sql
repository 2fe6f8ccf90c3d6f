-- R-UNITS: each lot of units with what it puts in, and what is left of it once this close has drawn.
-- Grain: one row per lot_id.

with

drawn as (
    select
        lot_id,
        sum(units) as units
    from {{ ref('int_rating__unit_draws') }}
    group by lot_id
),

lots as (
    select
        unit_lots.lot_id,
        unit_lots.wallet_id,
        unit_lots.lot_kind,
        unit_lots.customer_id,
        unit_lots.metric_code,
        unit_lots.granted_on,
        unit_lots.has_lapsed,
        unit_lots.is_voided,
        unit_lots.is_new,
        unit_lots.granted_units,
        cast(unit_lots.available_units - coalesce(drawn.units, 0) as decimal(38, 9)) as left_units
    from {{ ref('int_rating__unit_lots') }} as unit_lots
    left join drawn on unit_lots.lot_id = drawn.lot_id
)

select * from lots
