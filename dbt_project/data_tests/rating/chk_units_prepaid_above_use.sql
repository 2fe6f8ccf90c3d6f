-- R-UNITS: lots pay no more units of a fee than it bills; of one in parts, which a later part may take back from, as a whole.
-- Grain: one row per charge, filter and group of a period with more units prepaid than used.

with

used as (
    select
        rated.subscription_id,
        rated.charge_code,
        rated.filter_code,
        rated.group_key,
        rated.metric_code,
        rated.period_starts_at,
        max(rated.segment_ends_at) as period_ends_at,
        sum(rated.quantity) as quantity
    from {{ ref('fct_rated_charges') }} as rated
    where not rated.is_pay_in_advance
    group by
        rated.subscription_id,
        rated.charge_code,
        rated.filter_code,
        rated.group_key,
        rated.metric_code,
        rated.period_starts_at
),

unit_draws as (
    select subscription_id, charge_code, filter_code, group_key, metric_code, service_period_start, units
    from {{ ref('fct_unit_draws') }}
    where not is_adjustment
)

select
    used.subscription_id,
    used.charge_code,
    used.filter_code,
    used.group_key,
    used.period_starts_at,
    used.quantity,
    sum(unit_draws.units) as prepaid_units
from used
inner join unit_draws
    on
        used.subscription_id = unit_draws.subscription_id
        and used.charge_code = unit_draws.charge_code
        and used.filter_code is not distinct from unit_draws.filter_code
        and used.group_key is not distinct from unit_draws.group_key
        and used.metric_code = unit_draws.metric_code
        and used.period_starts_at <= unit_draws.service_period_start
        and used.period_ends_at > unit_draws.service_period_start
group by
    used.subscription_id,
    used.charge_code,
    used.filter_code,
    used.group_key,
    used.period_starts_at,
    used.quantity
having sum(unit_draws.units) > greatest(used.quantity, 0)
