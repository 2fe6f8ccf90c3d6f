-- R-RATE: every quantity that is a line was priced; one that no model knows is an offender, not a zero.
-- Grain: one row per quantity that has no price.

select
    quantities.subscription_id,
    quantities.charge_code,
    quantities.charge_model,
    quantities.period_starts_at,
    quantities.segment_starts_at,
    quantities.point_number,
    quantities.quantity
from {{ ref('fct_usage_quantities') }} as quantities
left join {{ ref('fct_rated_charges') }} as rated
    on
        quantities.subscription_id = rated.subscription_id
        and quantities.charge_code = rated.charge_code
        and quantities.filter_code is not distinct from rated.filter_code
        and quantities.group_key is not distinct from rated.group_key
        and quantities.period_starts_at = rated.period_starts_at
        and quantities.segment_starts_at = rated.segment_starts_at
        and quantities.point_number = rated.point_number
where
    rated.amount_unrounded is null
    -- Point 0 is what a segment subtracts; it is a line only where it is billed in advance for the coming period.
    and (
        quantities.point_number > 0
        or (quantities.is_pay_in_advance and quantities.segment_starts_at = quantities.period_starts_at)
    )
