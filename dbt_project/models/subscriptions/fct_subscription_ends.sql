-- R-NOTE: the subscriptions paid in advance whose end is due, the first local day that they no longer bill, and what becomes of
-- the rest of their base fee. The end is due when its last usage is: on the day after it, plus the entity's days of grace.
-- Grain: one row per subscription_id.

with

running as (select close_date from {{ ref('stg_control__run') }}),

subscriptions as (
    select
        subscription_id,
        grace_days,
        is_pay_in_advance,
        on_termination,
        trial_end_date,
        end_kind,
        subscription_end_date,
        billable_end_date
    from {{ ref('dim_subscriptions') }}
),

due_ends as (
    select
        subscriptions.subscription_id,
        subscriptions.on_termination,
        subscriptions.end_kind,
        subscriptions.billable_end_date,
        subscriptions.trial_end_date
    from subscriptions
    inner join running
        on
            cast(subscriptions.subscription_end_date + subscriptions.grace_days * interval '1' day as date)
            <= running.close_date
    where subscriptions.is_pay_in_advance and subscriptions.end_kind is not null
)

select * from due_ends
