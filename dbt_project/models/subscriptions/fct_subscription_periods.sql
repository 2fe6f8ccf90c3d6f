-- R-DUE: the periods that the running close bills: due by its date and not registered yet.
-- Grain: one row per (subscription_id, fee_family, period_starts_at).

with

running as (select close_date from {{ ref('stg_control__run') }}),

terms as (
    select subscription_id, external_subscription_id, customer_id, plan_code, billing_entity_code, currency
    from {{ ref('int_subscriptions__terms') }}
),

scheduled_periods as (
    select
        subscription_id,
        fee_family,
        period_starts_at,
        period_ends_at,
        period_start_date,
        period_end_date,
        days,
        period_days,
        whole_period_starts_at,
        whole_period_ends_at,
        timezone,
        due_date
    from {{ ref('int_subscriptions__scheduled_periods') }}
),

due_periods as (
    select
        scheduled_periods.subscription_id,
        terms.external_subscription_id,
        terms.customer_id,
        terms.plan_code,
        terms.billing_entity_code,
        terms.currency,
        scheduled_periods.fee_family,
        scheduled_periods.period_starts_at,
        scheduled_periods.period_ends_at,
        scheduled_periods.period_start_date,
        scheduled_periods.period_end_date,
        scheduled_periods.days,
        scheduled_periods.period_days,
        scheduled_periods.whole_period_starts_at,
        scheduled_periods.whole_period_ends_at,
        scheduled_periods.timezone,
        scheduled_periods.due_date
    from scheduled_periods
    inner join running on scheduled_periods.due_date <= running.close_date
    inner join terms on scheduled_periods.subscription_id = terms.subscription_id
)

select * from due_periods
