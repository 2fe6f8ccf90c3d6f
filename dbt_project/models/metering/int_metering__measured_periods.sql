-- R-CHARGE: the periods whose usage the close measures: those that are due, and what has passed of the open ones.
-- Grain: one row per subscription_id x period_starts_at.

with

due_periods as (
    select
        subscription_id,
        external_subscription_id,
        period_starts_at,
        period_ends_at,
        period_start_date,
        period_end_date,
        billable_end_date,
        days,
        period_days,
        whole_period_starts_at,
        whole_period_ends_at,
        timezone,
        period_ends_at as measured_until_at,
        true as is_due,
        false as is_looked_at
    from {{ ref('fct_subscription_periods') }}
    where fee_family = 'usage'
),

open_periods as (
    select
        subscription_id,
        external_subscription_id,
        period_starts_at,
        period_ends_at,
        period_start_date,
        period_end_date,
        billable_end_date,
        days,
        period_days,
        whole_period_starts_at,
        whole_period_ends_at,
        timezone,
        measured_until_at,
        false as is_due,
        is_looked_at
    from {{ ref('fct_open_periods') }}
),

measured_periods as (
    select * from due_periods
    union all
    select * from open_periods
)

select * from measured_periods
