-- R-PERIOD: the periods, in local dates, from where a subscription resumes until just beyond the close date.
-- Grain: one row per (subscription_id, fee_family, period_start_date).

with

running as (select close_date from {{ ref('stg_control__run') }}),

terms as (select subscription_id, origin_date, billing_starts_at from {{ ref('int_subscriptions__terms') }}),

-- What is registered, each with how far it was before: corrections may have left time between two of them.
registered as (
    select
        subscription_id,
        fee_family,
        period_starts_at,
        period_start_date,
        max(period_ends_at) over before_it as earlier_ends_at,
        max(period_end_date) over before_it as earlier_end_date
    from {{ ref('stg_issued__billed_periods') }}
    window before_it as (
        partition by subscription_id, fee_family
        order by period_start_date, period_end_date
        rows between unbounded preceding and 1 preceding
    )
),

resume_points as (
    select
        subscription_id,
        fee_family,
        billing_interval,
        is_due_at_start,
        first_row_date,
        resumes_at,
        resume_date,
        billing_start_date,
        subscription_end_date,
        billable_end_date
    from {{ ref('int_subscriptions__resume_points') }}
),

-- From where a subscription resumes to its end; and up to each registered period, from what was registered before it, or from
-- where billing starts now.
unregistered as (
    select
        subscription_id,
        fee_family,
        billing_interval,
        is_due_at_start,
        first_row_date,
        resumes_at,
        resume_date,
        cast(null as timestamp) as stops_at,
        subscription_end_date,
        billable_end_date
    from resume_points
    where resume_date < subscription_end_date
    union all
    select
        resume_points.subscription_id,
        resume_points.fee_family,
        resume_points.billing_interval,
        resume_points.is_due_at_start,
        resume_points.first_row_date,
        greatest(registered.earlier_ends_at, terms.billing_starts_at) as resumes_at,
        greatest(registered.earlier_end_date, resume_points.billing_start_date) as resume_date,
        registered.period_starts_at as stops_at,
        least(registered.period_start_date, resume_points.subscription_end_date) as subscription_end_date,
        least(registered.period_start_date, resume_points.billable_end_date) as billable_end_date
    from resume_points
    inner join terms on resume_points.subscription_id = terms.subscription_id
    inner join registered
        on
            resume_points.subscription_id = registered.subscription_id
            and resume_points.fee_family = registered.fee_family
            and greatest(registered.earlier_end_date, resume_points.billing_start_date) < registered.period_start_date
),

numbered as (
    select
        unregistered.*,
        terms.origin_date,
        {{ period_number('terms.origin_date', 'unregistered.billing_interval', 'unregistered.resume_date') }}
        - 1 as first_number,
        {{ period_number('terms.origin_date', 'unregistered.billing_interval', 'running.close_date') }} as last_number
    from unregistered
    cross join running
    inner join terms on unregistered.subscription_id = terms.subscription_id
),

-- 5,300 weeks are a century: more than the time zone data spans.
counted_periods as (
    select
        numbered.*,
        {{ period_start('numbered.origin_date', 'numbered.billing_interval', '(first_number + steps.step)') }}
            as whole_start_date,
        {{ period_start('numbered.origin_date', 'numbered.billing_interval', '(first_number + steps.step + 1)') }}
            as whole_end_date
    from numbered
    inner join range(0, 5300) as steps (step) on steps.step <= numbered.last_number - numbered.first_number
),

clipped_to_the_subscription as (
    select
        subscription_id,
        fee_family,
        billing_interval,
        is_due_at_start,
        whole_start_date <= resume_date as is_resumed,
        resumes_at,
        stops_at,
        whole_start_date,
        whole_end_date,
        greatest(whole_start_date, resume_date) as period_start_date,
        least(whole_end_date, subscription_end_date) as period_end_date,
        greatest(
            least(whole_end_date, billable_end_date), greatest(whole_start_date, resume_date)
        ) as billable_end_date
    from counted_periods
    where
        greatest(whole_start_date, resume_date) < least(whole_end_date, subscription_end_date)
        and (first_row_date is null or least(whole_end_date, subscription_end_date) > first_row_date)
)

select * from clipped_to_the_subscription
