-- R-DUE: the periods that are not registered yet, computed once for all that the close does with them. A preview drafts each
-- subscription at the date of its own next close, and leaves out what else is due by then.
-- Grain: one row per (subscription_id, fee_family, period_start_date).

with

running as (select run_kind, close_date from {{ ref('stg_control__run') }}),

previewed as (select subscription_id from {{ ref('stg_control__previewed_subscriptions') }}),

scheduled_periods as (
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
),

periods as (
    select scheduled_periods.*
    from scheduled_periods
    cross join running
    left join previewed on scheduled_periods.subscription_id = previewed.subscription_id
    where
        running.run_kind <> 'preview'
        or scheduled_periods.due_date > running.close_date
        or previewed.subscription_id is not null
)

select * from periods
