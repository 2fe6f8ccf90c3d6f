-- R-ADVANCE: the usage periods that have begun but are not due: their charges in advance are billed by the event. Where the
-- newest open plan of the external id and currency has thresholds, or a top-up rule asks for an ongoing balance, all usage so
-- far is looked at, as soon as there is time for any. Events before the local midnight that begins the close date count.
-- Grain: one row per subscription_id x period_starts_at.

with

running as (select close_date from {{ ref('stg_control__run') }}),

terms as (
    select
        subscription_id,
        external_subscription_id,
        customer_id,
        currency,
        timezone,
        started_at,
        progressive_id,
        has_top_up_rule
    from {{ ref('int_subscriptions__watched_terms') }}
),

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

open_periods as (
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
        least(day_starts.starts_at, scheduled_periods.period_ends_at) as measured_until_at,
        -- A period that begins at the close has no usage to look at.
        case
            when scheduled_periods.period_starts_at < day_starts.starts_at
                then first_value(terms.progressive_id) over newest_first
        end as threshold_subscription_id,
        scheduled_periods.period_starts_at < day_starts.starts_at
        and (first_value(terms.progressive_id) over newest_first is not null or terms.has_top_up_rule) as is_looked_at
    from scheduled_periods
    cross join running
    inner join terms on scheduled_periods.subscription_id = terms.subscription_id
    inner join day_starts on terms.timezone = day_starts.timezone and running.close_date = day_starts.local_date
    where
        scheduled_periods.due_date > running.close_date
        and scheduled_periods.period_starts_at <= day_starts.starts_at
    window newest_first as (
        partition by
            terms.customer_id,
            terms.external_subscription_id,
            terms.currency,
            scheduled_periods.period_starts_at < day_starts.starts_at
        order by terms.started_at desc, terms.subscription_id
    )
)

select * from open_periods
