-- R-REOPEN: the registered periods that this close computes again: all that lie in a plan period in which something changed,
-- since minimums and maximums look at the whole of it. One that the subscription no longer covers has nothing left to bill.
-- Grain: one row per (subscription_id, fee_family, registered_starts_at).

with

changed_periods as (
    select subscription_id, plan_period_number, cause from {{ ref('int_subscriptions__changed_periods') }}
),

registered_periods as (
    select
        subscription_id,
        fee_family,
        billing_interval,
        plan_period_number,
        registered_starts_at,
        kept_starts_at,
        kept_ends_at,
        kept_start_date,
        kept_end_date,
        timezone,
        document_key,
        whole_start_date,
        whole_end_date,
        trial_end_date,
        period_starts_at,
        period_ends_at,
        period_start_date,
        period_end_date,
        billable_end_date,
        earlier_start_date,
        later_start_date
    from {{ ref('int_subscriptions__periods_behind') }}
),

inputs as (
    select subscription_id, fee_family, registered_starts_at, inputs_digest
    from {{ ref('int_subscriptions__period_inputs') }}
),

day_starts as (
    select
        timezone || ' ' || cast(local_date as varchar) as zoned_date,
        starts_at
    from {{ ref('int_subscriptions__midnights') }}
),

reopened as (
    select
        registered_periods.subscription_id,
        registered_periods.fee_family,
        registered_periods.billing_interval,
        registered_periods.plan_period_number,
        registered_periods.registered_starts_at,
        registered_periods.kept_starts_at,
        registered_periods.kept_ends_at,
        registered_periods.kept_start_date,
        registered_periods.kept_end_date,
        registered_periods.timezone,
        registered_periods.document_key,
        changed_periods.cause,
        inputs.inputs_digest,
        registered_periods.period_starts_at < registered_periods.period_ends_at as is_still_covered,
        registered_periods.period_starts_at,
        registered_periods.period_ends_at,
        registered_periods.period_start_date,
        registered_periods.period_end_date,
        registered_periods.billable_end_date,
        registered_periods.trial_end_date,
        trial_ends.starts_at as trial_ends_at,
        greatest(
            0,
            {{ days_between(
                "greatest(registered_periods.period_start_date, case when registered_periods.fee_family = 'base' "
                ~ "then registered_periods.trial_end_date end)",
                'registered_periods.billable_end_date'
            ) }}
        ) as days,
        {{ days_between('registered_periods.whole_start_date', 'registered_periods.whole_end_date') }} as period_days,
        first_days.starts_at as whole_period_starts_at,
        last_days.starts_at as whole_period_ends_at,
        registered_periods.whole_end_date,
        registered_periods.earlier_start_date,
        registered_periods.later_start_date
    from registered_periods
    inner join changed_periods
        on
            registered_periods.subscription_id = changed_periods.subscription_id
            and registered_periods.plan_period_number = changed_periods.plan_period_number
    inner join inputs
        on
            registered_periods.subscription_id = inputs.subscription_id
            and registered_periods.fee_family = inputs.fee_family
            and registered_periods.registered_starts_at = inputs.registered_starts_at
    inner join day_starts as first_days
        on
            registered_periods.timezone || ' ' || cast(registered_periods.whole_start_date as varchar)
            = first_days.zoned_date
    inner join day_starts as last_days
        on
            registered_periods.timezone || ' ' || cast(registered_periods.whole_end_date as varchar)
            = last_days.zoned_date
    left join day_starts as trial_ends
        on
            registered_periods.timezone || ' ' || cast(registered_periods.trial_end_date as varchar)
            = trial_ends.zoned_date
)

select * from reopened
