-- R-PERIOD: the calendar periods, in local dates, from where a subscription resumes until just beyond the close date.
-- Grain: one row per (subscription_id, fee_family, period_start_date).

with

running as (select close_date from {{ ref('stg_control__run') }}),

terms as (
    select subscription_id, billing_interval from {{ ref('int_subscriptions__terms') }}
),

resume_points as (
    select subscription_id, fee_family, is_due_at_start, resumes_at, resume_date, subscription_end_date
    from {{ ref('int_subscriptions__resume_points') }}
),

first_periods as (
    select
        resume_points.subscription_id,
        resume_points.fee_family,
        resume_points.is_due_at_start,
        resume_points.resumes_at,
        resume_points.resume_date,
        resume_points.subscription_end_date,
        terms.billing_interval,
        {{ calendar_period_start('resume_points.resume_date', 'terms.billing_interval') }} as first_day
    from resume_points
    inner join terms on resume_points.subscription_id = terms.subscription_id
    where resume_points.resume_date < resume_points.subscription_end_date
),

-- 5,300 weeks are a century: more than the time zone data spans.
counted_periods as (
    select
        first_periods.*,
        steps.period_index,
        {{ calendar_period_after(
            'first_periods.first_day', 'first_periods.billing_interval', 'steps.period_index'
        ) }} as whole_start_date,
        {{ calendar_period_after(
            'first_periods.first_day', 'first_periods.billing_interval', '(steps.period_index + 1)'
        ) }} as whole_end_date
    from first_periods
    cross join running
    inner join range(0, 5300) as steps (period_index)
        on steps.period_index <= {{ calendar_periods_until(
            'first_periods.first_day', 'first_periods.billing_interval', 'running.close_date'
        ) }}
),

clipped_to_the_subscription as (
    select
        subscription_id,
        fee_family,
        is_due_at_start,
        resumes_at,
        period_index,
        whole_start_date,
        whole_end_date,
        greatest(whole_start_date, resume_date) as period_start_date,
        least(whole_end_date, subscription_end_date) as period_end_date
    from counted_periods
    where greatest(whole_start_date, resume_date) < least(whole_end_date, subscription_end_date)
)

select * from clipped_to_the_subscription
