-- R-SHARED-DAY: the local dates between which a subscription is billed, and those of them that its fees by days count.
-- A local date on which it ends and billing of the next subscription of its external id begins is the next one's.
-- Grain: one row per subscription_id.

with

terms as (
    select subscription_id, timezone, billing_starts_at, ended_at, next_billing_starts_at
    from {{ ref('int_subscriptions__terms') }}
),

tz_offsets as (
    select timezone, offset_starts_at, offset_ends_at, offset_seconds from {{ ref('stg_reference__tz_offsets') }}
),

-- An end exactly at local midnight closes the day before it, hence the microsecond.
instants as (
    select subscription_id, timezone, 'first' as which, billing_starts_at as instant from terms
    union all
    select subscription_id, timezone, 'last' as which, ended_at - interval '1' microsecond as instant from terms
    union all
    select subscription_id, timezone, 'next' as which, next_billing_starts_at as instant from terms
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

side_by_side as (
    select
        subscription_id,
        max(case when which = 'first' then local_date end) as billing_start_date,
        max(case when which = 'last' then local_date end) as last_date,
        max(case when which = 'next' then local_date end) as next_start_date
    from local_dates
    group by subscription_id
),

local_spans as (
    select
        subscription_id,
        billing_start_date,
        cast(last_date + interval '1' day as date) as end_date,
        case
            when next_start_date = last_date then last_date
            else cast(last_date + interval '1' day as date)
        end as billable_end_date
    from side_by_side
)

select * from local_spans
