-- R-REOPEN: the registered periods that this close computes again, as invoicing compares them with what was issued for them.
-- Bounds and dates are those that are registered; adjusted ones are where the period begins as it is computed now. Of one that
-- the subscription no longer covers nothing is: its instant is NULL.
-- Grain: one row per (subscription_id, fee_family, period_starts_at).

with

terms as (select subscription_id, anchor_date from {{ ref('int_subscriptions__terms') }}),

reopened_periods as (
    select
        subscription_id,
        fee_family,
        plan_period_number,
        kept_starts_at as period_starts_at,
        kept_ends_at as period_ends_at,
        kept_start_date as period_start_date,
        kept_end_date as period_end_date,
        case when is_still_covered then period_starts_at end as adjusted_starts_at,
        period_start_date as adjusted_start_date,
        days,
        period_days,
        timezone,
        document_key,
        cause,
        inputs_digest
    from {{ ref('int_subscriptions__reopened_periods') }}
),

anchored as (
    select
        reopened_periods.*,
        terms.anchor_date
    from reopened_periods
    inner join terms on reopened_periods.subscription_id = terms.subscription_id
)

select * from anchored
