-- R-DUE: the periods that are not registered yet, computed once for all that the close does with them.
-- Grain: one row per (subscription_id, fee_family, period_start_date).

with

periods as (
    select
        subscription_id,
        fee_family,
        billing_interval,
        period_start_date,
        period_end_date,
        billable_end_date,
        trial_end_date,
        trial_ends_at,
        period_starts_at,
        period_ends_at,
        whole_period_starts_at,
        whole_period_ends_at,
        whole_end_date,
        days,
        period_days,
        timezone,
        due_date
    from {{ ref('int_subscriptions__scheduled_periods') }}
)

select * from periods
