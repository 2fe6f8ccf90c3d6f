-- R-REOPEN: the plan periods in which something changed that a registered period was billed from, and what it was.
-- Grain: one row per (subscription_id, plan_period_number).

with

running as (select close_date from {{ ref('stg_control__run') }}),

due_periods as (
    select
        periods_ahead.subscription_id,
        periods_ahead.period_starts_at,
        periods_ahead.period_ends_at
    from {{ ref('int_subscriptions__periods_ahead') }} as periods_ahead
    inner join running on periods_ahead.due_date <= running.close_date
),

registered_periods as (
    select
        subscription_id,
        fee_family,
        plan_period_number,
        registered_starts_at,
        kept_starts_at,
        kept_ends_at,
        registered_digest,
        earlier_start_date,
        later_start_date
    from {{ ref('int_subscriptions__periods_behind') }}
),

inputs as (
    select subscription_id, fee_family, registered_starts_at, inputs_digest
    from {{ ref('int_subscriptions__period_inputs') }}
),

changed_usage as (
    select subscription_id, registered_starts_at, cause from {{ ref('int_subscriptions__changed_usage') }}
),

-- A digest of two parts: bounds and trial, and prices. Older releases wrote another one, which says nothing.
causes as (
    select
        registered_periods.subscription_id,
        registered_periods.plan_period_number,
        changed_usage.cause
    from registered_periods
    inner join changed_usage
        on
            registered_periods.subscription_id = changed_usage.subscription_id
            and registered_periods.registered_starts_at = changed_usage.registered_starts_at
    where registered_periods.fee_family = 'usage'
    union
    select
        registered_periods.subscription_id,
        registered_periods.plan_period_number,
        case
            when split_part(registered_periods.registered_digest, '/', 1) = split_part(inputs.inputs_digest, '/', 1)
                then 'corrected_price'
            else 'changed_subscription'
        end as cause
    from registered_periods
    inner join inputs
        on
            registered_periods.subscription_id = inputs.subscription_id
            and registered_periods.fee_family = inputs.fee_family
            and registered_periods.registered_starts_at = inputs.registered_starts_at
    where
        registered_periods.registered_digest <> inputs.inputs_digest
        and registered_periods.registered_digest like '%/%'
    union
    select subscription_id, plan_period_number, 'changed_subscription' as cause
    from registered_periods
    where earlier_start_date is not null or later_start_date is not null
    union
    -- A minimum counts what its period bills, of which a discard may have made some due again.
    select
        registered_periods.subscription_id,
        registered_periods.plan_period_number,
        'changed_subscription' as cause
    from registered_periods
    inner join due_periods
        on
            registered_periods.subscription_id = due_periods.subscription_id
            and registered_periods.kept_starts_at < due_periods.period_ends_at
            and registered_periods.kept_ends_at > due_periods.period_starts_at
    where registered_periods.fee_family = 'commitment'
),

changed as (
    select
        subscription_id,
        plan_period_number,
        {{ join_texts('cause', "','", 'cause') }} as cause
    from causes
    group by subscription_id, plan_period_number
)

select * from changed
