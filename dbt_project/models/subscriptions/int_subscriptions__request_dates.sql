-- R-ANCHOR: the local dates of each request, of the external id's first start, and the anchor: that date, as it was when the
-- first of its periods was registered. Dates of the first start are those of that period's zone, wherever the customer is now.
-- Grain: one row per subscription_id.

with

requests as (
    select
        subscription_id,
        external_subscription_id,
        customer_id,
        timezone,
        requested_at,
        min(requested_at) over (partition by customer_id, external_subscription_id) as first_requested_at,
        stated_billing_start_at
    from {{ ref('int_subscriptions__requests') }}
),

registered as (
    select
        requests.customer_id,
        requests.external_subscription_id,
        billed_periods.timezone,
        min(billed_periods.anchor_date) over (
            partition by requests.customer_id, requests.external_subscription_id
        ) as anchor_date,
        row_number() over (
            partition by requests.customer_id, requests.external_subscription_id
            order by billed_periods.period_starts_at, billed_periods.period_ends_at, billed_periods.timezone
        ) as registered_number
    from requests
    inner join {{ ref('stg_issued__billed_periods') }} as billed_periods
        on requests.subscription_id = billed_periods.subscription_id
),

tz_offsets as (
    select timezone, offset_starts_at, offset_ends_at, offset_seconds from {{ ref('stg_reference__tz_offsets') }}
),

instants as (
    select subscription_id, timezone, 'request' as which, requested_at as instant from requests
    union all
    select subscription_id, timezone, 'billing' as which, stated_billing_start_at as instant from requests
    union all
    select
        requests.subscription_id,
        coalesce(registered.timezone, requests.timezone) as timezone,
        'first start' as which,
        requests.first_requested_at as instant
    from requests
    left join registered
        on
            requests.customer_id = registered.customer_id
            and requests.external_subscription_id = registered.external_subscription_id
            and registered.registered_number = 1
),

local_dates as (
    select
        instants.subscription_id,
        instants.which,
        {{ local_date('instants.instant', 'tz_offsets.offset_seconds') }} as local_date
    from instants
    inner join tz_offsets
        on
            instants.timezone = tz_offsets.timezone
            and instants.instant >= tz_offsets.offset_starts_at
            and instants.instant < tz_offsets.offset_ends_at
),

own_dates as (
    select
        subscription_id,
        max(case when which = 'request' then local_date end) as request_date,
        max(case when which = 'billing' then local_date end) as stated_billing_date,
        max(case when which = 'first start' then local_date end) as first_start_date
    from local_dates
    group by subscription_id
),

request_dates as (
    select
        own_dates.subscription_id,
        own_dates.request_date,
        own_dates.stated_billing_date,
        own_dates.first_start_date,
        coalesce(registered.anchor_date, own_dates.first_start_date) as anchor_date
    from own_dates
    inner join requests on own_dates.subscription_id = requests.subscription_id
    left join registered
        on
            requests.customer_id = registered.customer_id
            and requests.external_subscription_id = registered.external_subscription_id
            and registered.registered_number = 1
)

select * from request_dates
