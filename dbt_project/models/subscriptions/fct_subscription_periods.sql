-- R-DUE: the periods that the running close bills: due by its date and not registered yet, and those that it computes again.
-- Grain: one row per (subscription_id, fee_family, period_starts_at).

with

running as (select close_date from {{ ref('stg_control__run') }}),

terms as (
    select
        subscription_id,
        external_subscription_id,
        customer_id,
        payer_customer_id,
        plan_code,
        billing_entity_code,
        currency,
        anchor_date
    from {{ ref('int_subscriptions__terms') }}
),

inputs as (
    select subscription_id, fee_family, registered_starts_at, inputs_digest
    from {{ ref('int_subscriptions__period_inputs') }}
),

reopened_periods as (select * from {{ ref('int_subscriptions__reopened_periods') }}),

-- What became a part of a registered period is no period of its own.
joined_up as (
    select subscription_id, fee_family, earlier_start_date as period_start_date
    from reopened_periods
    where earlier_start_date is not null
    union all
    select subscription_id, fee_family, later_start_date as period_start_date
    from reopened_periods
    where later_start_date is not null
),

periods as (
    select
        scheduled_periods.subscription_id,
        scheduled_periods.fee_family,
        scheduled_periods.billing_interval,
        scheduled_periods.period_starts_at,
        scheduled_periods.period_ends_at,
        scheduled_periods.period_start_date,
        scheduled_periods.period_end_date,
        scheduled_periods.billable_end_date,
        scheduled_periods.trial_end_date,
        scheduled_periods.trial_ends_at,
        scheduled_periods.days,
        scheduled_periods.period_days,
        scheduled_periods.whole_period_starts_at,
        scheduled_periods.whole_period_ends_at,
        scheduled_periods.whole_end_date,
        scheduled_periods.timezone,
        scheduled_periods.due_date,
        scheduled_periods.period_starts_at as registered_starts_at,
        false as is_reopened
    from {{ ref('int_subscriptions__periods_ahead') }} as scheduled_periods
    inner join running on scheduled_periods.due_date <= running.close_date
    left join joined_up
        on
            scheduled_periods.subscription_id = joined_up.subscription_id
            and scheduled_periods.fee_family = joined_up.fee_family
            and scheduled_periods.period_start_date = joined_up.period_start_date
    where joined_up.subscription_id is null
    union all
    select
        reopened_periods.subscription_id,
        reopened_periods.fee_family,
        reopened_periods.billing_interval,
        reopened_periods.period_starts_at,
        reopened_periods.period_ends_at,
        reopened_periods.period_start_date,
        reopened_periods.period_end_date,
        reopened_periods.billable_end_date,
        reopened_periods.trial_end_date,
        reopened_periods.trial_ends_at,
        reopened_periods.days,
        reopened_periods.period_days,
        reopened_periods.whole_period_starts_at,
        reopened_periods.whole_period_ends_at,
        reopened_periods.whole_end_date,
        reopened_periods.timezone,
        running.close_date as due_date,
        reopened_periods.registered_starts_at,
        true as is_reopened
    from reopened_periods
    cross join running
    where reopened_periods.is_still_covered
),

billed_periods as (
    select
        periods.subscription_id,
        terms.external_subscription_id,
        terms.customer_id,
        terms.payer_customer_id,
        terms.plan_code,
        terms.billing_entity_code,
        terms.currency,
        periods.fee_family,
        periods.billing_interval,
        periods.period_starts_at,
        periods.period_ends_at,
        periods.period_start_date,
        periods.period_end_date,
        periods.billable_end_date,
        periods.trial_end_date,
        periods.trial_ends_at,
        periods.days,
        periods.period_days,
        periods.whole_period_starts_at,
        periods.whole_period_ends_at,
        periods.whole_end_date,
        terms.anchor_date,
        periods.timezone,
        periods.due_date,
        periods.is_reopened,
        inputs.inputs_digest
    from periods
    inner join terms on periods.subscription_id = terms.subscription_id
    inner join inputs
        on
            periods.subscription_id = inputs.subscription_id
            and periods.fee_family = inputs.fee_family
            and periods.registered_starts_at = inputs.registered_starts_at
)

select * from billed_periods
