-- R-TIMELINE: from when until when each subscription of an external id is active, and how it ends.
-- Requests are taken in order, each against what is active at its instant: the one place that walks row by row.
-- Grain: one row per subscription_id that ever begins.

with recursive

requests as (
    select subscription_id, customer_id, external_subscription_id, request_number, requested_at, stated_end_at
    from {{ ref('int_subscriptions__requests') }}
),

request_dates as (select subscription_id, request_date from {{ ref('int_subscriptions__request_dates') }}),

plan_changes as (
    select subscription_id, start_date, later_subscription_id, change_kind, change_at, change_date
    from {{ ref('int_subscriptions__plan_changes') }}
),

-- One row per request: the subscription that is active after it, and whether it is the one that the request began.
-- A request that finds no active plan to change is a start or a return.
walked as (
    select
        requests.customer_id,
        requests.external_subscription_id,
        requests.request_number,
        requests.subscription_id,
        request_dates.request_date as start_date,
        requests.requested_at as started_at,
        cast('start' as varchar) as start_kind,
        true as has_begun
    from requests
    inner join request_dates on requests.subscription_id = request_dates.subscription_id
    where requests.request_number = 1
    union all
    select
        requests.customer_id,
        requests.external_subscription_id,
        requests.request_number,
        case
            when plan_changes.subscription_id is not null and plan_changes.change_at is null then walked.subscription_id
            else requests.subscription_id
        end as subscription_id,
        case
            when plan_changes.subscription_id is null then request_dates.request_date
            when plan_changes.change_at is null then walked.start_date
            else plan_changes.change_date
        end as start_date,
        coalesce(plan_changes.change_at, requests.requested_at) as started_at,
        coalesce(plan_changes.change_kind, 'return') as start_kind,
        plan_changes.subscription_id is null or plan_changes.change_at is not null as has_begun
    from walked
    inner join requests
        on
            walked.customer_id = requests.customer_id
            and walked.external_subscription_id = requests.external_subscription_id
            and walked.request_number + 1 = requests.request_number
    inner join request_dates on requests.subscription_id = request_dates.subscription_id
    left join plan_changes
        on
            walked.subscription_id = plan_changes.subscription_id
            and walked.start_date = plan_changes.start_date
            and requests.subscription_id = plan_changes.later_subscription_id
),

followed as (
    select
        walked.subscription_id,
        walked.started_at,
        requests.stated_end_at,
        lead(walked.started_at) over (
            partition by walked.customer_id, walked.external_subscription_id
            order by walked.request_number
        ) as next_started_at,
        lead(walked.start_kind) over (
            partition by walked.customer_id, walked.external_subscription_id
            order by walked.request_number
        ) as next_start_kind
    from walked
    inner join requests on walked.subscription_id = requests.subscription_id
    where walked.has_begun
),

-- Another request at the very same instant leaves nothing of the one before it.
timelines as (
    select
        subscription_id,
        started_at,
        least(stated_end_at, coalesce(next_started_at, stated_end_at)) as ended_at,
        case
            when next_start_kind in ('upgrade', 'downgrade') then next_start_kind
            when stated_end_at < timestamp '9999-01-01 00:00:00' then 'terminated'
        end as end_kind
    from followed
    where started_at < coalesce(next_started_at, stated_end_at)
)

select * from timelines
