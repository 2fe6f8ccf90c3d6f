-- R-DUE: the periods that are not registered yet, with their UTC bounds and the close date that bills them.
-- Days are those that fees by days count: without the day that is the next subscription's, and for base fees without trial.
-- A period is due on the local date after its last day (arrears) or of its start (advance), plus the entity's days of grace.
-- Grain: one row per (subscription_id, fee_family, period_start_date).

with

terms as (
    select subscription_id, timezone, grace_days, trial_end_date, ended_at
    from {{ ref('int_subscriptions__terms') }}
),

calendar_periods as (
    select
        subscription_id,
        fee_family,
        billing_interval,
        is_due_at_start,
        is_resumed,
        resumes_at,
        stops_at,
        whole_start_date,
        whole_end_date,
        period_start_date,
        period_end_date,
        billable_end_date
    from {{ ref('int_subscriptions__calendar_periods') }}
),

-- One key of zone and date: by the zone alone, engines would join the days with each other first.
day_starts as (
    select
        timezone || ' ' || cast(local_date as varchar) as zoned_date,
        starts_at
    from {{ ref('int_subscriptions__day_starts') }}
),

bounded_in_utc as (
    select
        calendar_periods.subscription_id,
        calendar_periods.fee_family,
        calendar_periods.billing_interval,
        calendar_periods.period_start_date,
        calendar_periods.period_end_date,
        calendar_periods.billable_end_date,
        terms.trial_end_date,
        trial_ends.starts_at as trial_ends_at,
        case
            when calendar_periods.is_resumed then calendar_periods.resumes_at
            else greatest(calendar_periods.resumes_at, first_days.starts_at)
        end as period_starts_at,
        least(last_days.starts_at, terms.ended_at, calendar_periods.stops_at) as period_ends_at,
        first_days.starts_at as whole_period_starts_at,
        last_days.starts_at as whole_period_ends_at,
        calendar_periods.whole_end_date,
        case
            when calendar_periods.fee_family = 'base'
                then
                    greatest(
                        0,
                        {{ days_between(
                            'greatest(calendar_periods.period_start_date, terms.trial_end_date)',
                            'calendar_periods.billable_end_date'
                        ) }}
                    )
            else {{ days_between('calendar_periods.period_start_date', 'calendar_periods.billable_end_date') }}
        end as days,
        {{ days_between('calendar_periods.whole_start_date', 'calendar_periods.whole_end_date') }} as period_days,
        terms.timezone,
        cast(
            case
                when calendar_periods.is_due_at_start then calendar_periods.period_start_date
                else calendar_periods.period_end_date
            end + terms.grace_days * interval '1' day as date
        ) as due_date
    from calendar_periods
    inner join terms on calendar_periods.subscription_id = terms.subscription_id
    inner join day_starts as first_days
        on terms.timezone || ' ' || cast(calendar_periods.whole_start_date as varchar) = first_days.zoned_date
    inner join day_starts as last_days
        on terms.timezone || ' ' || cast(calendar_periods.whole_end_date as varchar) = last_days.zoned_date
    left join day_starts as trial_ends
        on terms.timezone || ' ' || cast(terms.trial_end_date as varchar) = trial_ends.zoned_date
),

scheduled as (
    select * from bounded_in_utc
    where period_starts_at < period_ends_at
)

select * from scheduled
