-- R-ADVANCE: the usage periods that have begun but are not due: their charges in advance are billed by the event. Where the
-- newest open plan of the external id has thresholds, all usage so far is looked at, as soon as there is time for any. Events
-- before the local midnight that begins the close date count.
-- Grain: one row per subscription_id x period_starts_at.

with

running as (select close_date from {{ ref('stg_control__run') }}),

terms as (
    select subscription_id, external_subscription_id, customer_id, plan_code, timezone, started_at
    from {{ ref('int_subscriptions__terms') }}
),

progressive_plans as (select distinct plan_code from {{ ref('stg_catalog__usage_thresholds') }}),

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
        scheduled_periods.*,
        terms.external_subscription_id,
        least(day_starts.starts_at, scheduled_periods.period_ends_at) as measured_until_at,
        scheduled_periods.period_starts_at < day_starts.starts_at as has_passed_time,
        first_value(case when progressive_plans.plan_code is not null then terms.subscription_id end) over (
            partition by
                terms.customer_id,
                terms.external_subscription_id,
                scheduled_periods.period_starts_at < day_starts.starts_at
            order by terms.started_at desc, terms.subscription_id
        ) as newest_progressive_id
    from scheduled_periods
    cross join running
    inner join terms on scheduled_periods.subscription_id = terms.subscription_id
    left join progressive_plans on terms.plan_code = progressive_plans.plan_code
    inner join day_starts on terms.timezone = day_starts.timezone and running.close_date = day_starts.local_date
    where
        scheduled_periods.due_date > running.close_date
        and scheduled_periods.period_starts_at <= day_starts.starts_at
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
        has_passed_time and newest_progressive_id is not null as is_progressive,
        case when has_passed_time then newest_progressive_id end as threshold_subscription_id
    from begun
)

select * from open_periods
