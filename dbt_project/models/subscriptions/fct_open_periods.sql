-- R-ADVANCE: the usage periods that have begun but are not due: their charges in advance are billed by the event.
-- Events before the local midnight that begins the close date are billed; later ones wait for the next close.
-- Grain: one row per subscription_id x period_starts_at.

with

running as (select close_date from {{ ref('stg_control__run') }}),

terms as (select subscription_id, external_subscription_id, timezone from {{ ref('int_subscriptions__terms') }}),

scheduled_periods as (
    select
        subscription_id,
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
        due_date
    from {{ ref('int_subscriptions__periods_ahead') }}
    where fee_family = 'usage'
),

day_starts as (select timezone, local_date, starts_at from {{ ref('int_subscriptions__midnights') }}),

begun as (
    select
        scheduled_periods.subscription_id,
        terms.external_subscription_id,
        scheduled_periods.period_starts_at,
        scheduled_periods.period_ends_at,
        scheduled_periods.period_start_date,
        scheduled_periods.period_end_date,
        scheduled_periods.billable_end_date,
        scheduled_periods.days,
        scheduled_periods.period_days,
        scheduled_periods.whole_period_starts_at,
        scheduled_periods.whole_period_ends_at,
        scheduled_periods.timezone,
        least(day_starts.starts_at, scheduled_periods.period_ends_at) as measured_until_at
    from scheduled_periods
    cross join running
    inner join terms on scheduled_periods.subscription_id = terms.subscription_id
    inner join day_starts on terms.timezone = day_starts.timezone and running.close_date = day_starts.local_date
    where
        scheduled_periods.due_date > running.close_date
        and scheduled_periods.period_starts_at <= day_starts.starts_at
)

select * from begun
