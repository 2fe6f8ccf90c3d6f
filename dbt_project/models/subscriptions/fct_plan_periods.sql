-- R-PLAN-PERIOD: the plan's periods that this close holds to a minimum or maximum: they end, or usage inside them is billed.
-- Usage of a long plan may be billed every month: a maximum cuts it then already, not at the end only.
-- Grain: one row per (subscription_id, period_starts_at, usage_period_starts_at).

with

running as (select close_date from {{ ref('stg_control__run') }}),

billed_periods as (
    select
        subscription_id,
        fee_family,
        period_starts_at,
        period_ends_at,
        period_start_date,
        period_end_date,
        billable_end_date,
        period_days,
        whole_period_ends_at,
        whole_end_date
    from {{ ref('fct_subscription_periods') }}
    where fee_family in ('usage', 'commitment')
),

plan_periods as (
    select
        subscription_id,
        period_starts_at,
        period_ends_at,
        period_start_date,
        period_end_date,
        billable_end_date,
        period_days,
        whole_period_ends_at,
        whole_end_date,
        true as is_due
    from billed_periods
    where fee_family = 'commitment'
    union all
    select
        scheduled_periods.subscription_id,
        scheduled_periods.period_starts_at,
        scheduled_periods.period_ends_at,
        scheduled_periods.period_start_date,
        scheduled_periods.period_end_date,
        scheduled_periods.billable_end_date,
        scheduled_periods.period_days,
        scheduled_periods.whole_period_ends_at,
        scheduled_periods.whole_end_date,
        false as is_due
    from {{ ref('int_subscriptions__periods_ahead') }} as scheduled_periods
    inner join running on scheduled_periods.due_date > running.close_date
    where scheduled_periods.fee_family = 'commitment'
),

limited_periods as (
    select
        plan_periods.subscription_id,
        plan_periods.period_starts_at,
        plan_periods.period_ends_at,
        plan_periods.period_start_date,
        plan_periods.period_end_date,
        plan_periods.billable_end_date,
        plan_periods.period_days,
        -- Where its price changes, what was billed in advance of a period that ends early may begin after that end.
        case
            when plan_periods.billable_end_date < plan_periods.whole_end_date then plan_periods.whole_period_ends_at
            else plan_periods.period_ends_at
        end as fees_until_at,
        plan_periods.is_due,
        usage_periods.period_starts_at as usage_period_starts_at,
        usage_periods.period_ends_at as usage_period_ends_at
    from plan_periods
    left join billed_periods as usage_periods
        on
            plan_periods.subscription_id = usage_periods.subscription_id
            and usage_periods.fee_family = 'usage'
            and plan_periods.period_starts_at <= usage_periods.period_starts_at
            and plan_periods.period_ends_at > usage_periods.period_starts_at
    where plan_periods.is_due or usage_periods.subscription_id is not null
)

select * from limited_periods
