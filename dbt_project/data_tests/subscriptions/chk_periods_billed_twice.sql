-- R-REGISTER: no due period overlaps one of the same subscription and family that an earlier close registered.
-- Grain: one row per pair of overlapping periods.

select
    due.subscription_id,
    due.fee_family,
    due.period_starts_at,
    due.period_ends_at,
    registered.period_starts_at as registered_starts_at,
    registered.period_ends_at as registered_ends_at
from {{ ref('fct_subscription_periods') }} as due
inner join {{ ref('stg_issued__billed_periods') }} as registered
    on
        due.subscription_id = registered.subscription_id
        and due.fee_family = registered.fee_family
        and due.period_starts_at < registered.period_ends_at
        and due.period_ends_at > registered.period_starts_at
where not due.is_reopened
