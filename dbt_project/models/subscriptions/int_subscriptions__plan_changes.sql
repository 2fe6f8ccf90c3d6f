-- R-UPGRADE: what a request does to an earlier plan that is active at its instant: when its own plan begins, if ever.
-- A downgrade waits for the end of the period. It never begins if the plan before it, or it itself, ends earlier, or if
-- the next request comes first: that one replaces it.
-- Grain: one row per (subscription_id, start_date, later_subscription_id).

with

requests as (
    select subscription_id, requested_at, stated_end_at, next_requested_at
    from {{ ref('int_subscriptions__requests') }}
),

request_dates as (select subscription_id, request_date from {{ ref('int_subscriptions__request_dates') }}),

change_boundaries as (
    select subscription_id, later_subscription_id, boundary_at, boundary_date
    from {{ ref('int_subscriptions__change_boundaries') }}
),

yearly_amounts as (
    select subscription_id, start_date, asked_on, yearly_amount from {{ ref('int_subscriptions__yearly_amounts') }}
),

compared as (
    select
        earlier.subscription_id,
        earlier_amounts.start_date,
        later.subscription_id as later_subscription_id,
        later.requested_at,
        request_dates.request_date,
        change_boundaries.boundary_at,
        change_boundaries.boundary_date,
        later_amounts.yearly_amount >= earlier_amounts.yearly_amount as is_upgrade,
        change_boundaries.boundary_at <= earlier.stated_end_at
        and change_boundaries.boundary_at < later.stated_end_at
        and change_boundaries.boundary_at <= later.next_requested_at as is_in_time
    from change_boundaries
    inner join requests as earlier on change_boundaries.subscription_id = earlier.subscription_id
    inner join requests as later on change_boundaries.later_subscription_id = later.subscription_id
    inner join request_dates on later.subscription_id = request_dates.subscription_id
    inner join yearly_amounts as earlier_amounts
        on
            earlier.subscription_id = earlier_amounts.subscription_id
            and request_dates.request_date = earlier_amounts.asked_on
    inner join yearly_amounts as later_amounts
        on
            later.subscription_id = later_amounts.subscription_id
            and request_dates.request_date = later_amounts.start_date
            and request_dates.request_date = later_amounts.asked_on
),

plan_changes as (
    select
        subscription_id,
        start_date,
        later_subscription_id,
        case when is_upgrade then 'upgrade' else 'downgrade' end as change_kind,
        case
            when is_upgrade or boundary_at = requested_at then requested_at
            when is_in_time then boundary_at
        end as change_at,
        case when is_upgrade or boundary_at = requested_at then request_date else boundary_date end as change_date
    from compared
)

select * from plan_changes
