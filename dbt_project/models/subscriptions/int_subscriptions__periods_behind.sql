-- R-REOPEN: the registered periods that the close looks at again. Where the start of the subscription moved back, or its end on,
-- a period that is due now and adjoins a registered one inside one whole period becomes a part of it: of the one before it, if
-- there are two.
-- Grain: one row per (subscription_id, fee_family, registered_starts_at).

with

running as (select close_date from {{ ref('stg_control__run') }}),

registered_periods as (
    select
        subscription_id,
        fee_family,
        billing_interval,
        plan_period_number,
        registered_starts_at,
        registered_ends_at,
        registered_start_date,
        registered_end_date,
        timezone,
        document_key,
        registered_digest,
        whole_start_date,
        whole_end_date,
        trial_end_date,
        period_starts_at,
        period_ends_at,
        period_start_date,
        period_end_date,
        billable_end_date,
        left_on_date
    from {{ ref('int_subscriptions__registered_periods') }}
),

due_periods as (
    select
        periods_ahead.subscription_id,
        periods_ahead.fee_family,
        periods_ahead.period_starts_at,
        periods_ahead.period_ends_at,
        periods_ahead.period_start_date,
        periods_ahead.period_end_date,
        periods_ahead.billable_end_date
    from {{ ref('int_subscriptions__periods_ahead') }} as periods_ahead
    inner join running on periods_ahead.due_date <= running.close_date
),

-- Of two registered periods that the same one adjoins, the earlier takes it.
due_after as (
    select
        due_periods.*,
        registered_periods.registered_starts_at
    from due_periods
    inner join registered_periods
        on
            due_periods.subscription_id = registered_periods.subscription_id
            and due_periods.fee_family = registered_periods.fee_family
            and due_periods.period_starts_at = registered_periods.registered_ends_at
            and due_periods.period_end_date <= registered_periods.whole_end_date
            and due_periods.period_start_date < registered_periods.whole_end_date
),

due_before as (
    select due_periods.*
    from due_periods
    left join due_after
        on
            due_periods.subscription_id = due_after.subscription_id
            and due_periods.fee_family = due_after.fee_family
            and due_periods.period_starts_at = due_after.period_starts_at
    where due_after.subscription_id is null
),

joined_up as (
    select
        registered_periods.subscription_id,
        registered_periods.fee_family,
        registered_periods.billing_interval,
        registered_periods.plan_period_number,
        registered_periods.registered_starts_at,
        least(
            registered_periods.registered_starts_at,
            coalesce(earlier.period_starts_at, registered_periods.period_starts_at)
        ) as kept_starts_at,
        coalesce(later.period_ends_at, registered_periods.registered_ends_at) as kept_ends_at,
        coalesce(earlier.period_start_date, registered_periods.registered_start_date) as kept_start_date,
        coalesce(later.period_end_date, registered_periods.registered_end_date) as kept_end_date,
        registered_periods.timezone,
        registered_periods.document_key,
        registered_periods.registered_digest,
        registered_periods.whole_start_date,
        registered_periods.whole_end_date,
        registered_periods.trial_end_date,
        coalesce(earlier.period_starts_at, registered_periods.period_starts_at) as period_starts_at,
        coalesce(later.period_ends_at, registered_periods.period_ends_at) as period_ends_at,
        coalesce(earlier.period_start_date, registered_periods.period_start_date) as period_start_date,
        coalesce(later.period_end_date, registered_periods.period_end_date) as period_end_date,
        coalesce(later.billable_end_date, registered_periods.billable_end_date) as billable_end_date,
        registered_periods.left_on_date,
        earlier.period_start_date as earlier_start_date,
        later.period_start_date as later_start_date
    from registered_periods
    left join due_before as earlier
        on
            registered_periods.subscription_id = earlier.subscription_id
            and registered_periods.fee_family = earlier.fee_family
            and registered_periods.registered_start_date = earlier.period_end_date
            and registered_periods.whole_start_date <= earlier.period_start_date
    left join due_after as later
        on
            registered_periods.subscription_id = later.subscription_id
            and registered_periods.fee_family = later.fee_family
            and registered_periods.registered_starts_at = later.registered_starts_at
)

select * from joined_up
