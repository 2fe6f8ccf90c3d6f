-- R-DUE: the periods that are not registered yet, with their UTC bounds and the close date that bills them.
-- A period is due on the local date after its last day (arrears) or of its start (advance), plus the entity's days of grace.
-- Grain: one row per (subscription_id, fee_family, period_start_date).

with

terms as (
    select subscription_id, timezone, grace_days, ended_at from {{ ref('int_subscriptions__terms') }}
),

calendar_periods as (
    select
        subscription_id,
        fee_family,
        is_due_at_start,
        resumes_at,
        period_index,
        whole_start_date,
        whole_end_date,
        period_start_date,
        period_end_date
    from {{ ref('int_subscriptions__calendar_periods') }}
),

day_starts as (select timezone, local_date, starts_at from {{ ref('int_subscriptions__day_starts') }}),

bounded_in_utc as (
    select
        calendar_periods.subscription_id,
        calendar_periods.fee_family,
        calendar_periods.period_start_date,
        calendar_periods.period_end_date,
        case
            when calendar_periods.period_index = 0 then calendar_periods.resumes_at else first_days.starts_at
        end as period_starts_at,
        least(last_days.starts_at, terms.ended_at) as period_ends_at,
        first_days.starts_at as whole_period_starts_at,
        last_days.starts_at as whole_period_ends_at,
        {{ days_between('calendar_periods.period_start_date', 'calendar_periods.period_end_date') }} as days,
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
        on terms.timezone = first_days.timezone and calendar_periods.whole_start_date = first_days.local_date
    inner join day_starts as last_days
        on terms.timezone = last_days.timezone and calendar_periods.whole_end_date = last_days.local_date
),

scheduled as (
    select * from bounded_in_utc
    where period_starts_at < period_ends_at
)

select * from scheduled
