-- R-PROGRESSIVE: the dates at which lifetime usage may pass a threshold: those after the local days of usage of subscriptions
-- whose plan has thresholds, by the batch that brought it, and after the day on which such a plan takes over from another;
-- from then on each date, where the plan's fees may grow without usage. An hour that a local midnight cuts is of both days.
-- Grain: one row per (threshold_date, batch_number, is_each_later_date, last_date).

with

growing_plans as (select plan_code, is_looked_at_daily from {{ ref('int_subscriptions__growing_plans') }}),

terms as (
    select
        terms.external_subscription_id,
        terms.customer_id,
        terms.timezone,
        terms.billing_starts_at,
        terms.ended_at,
        terms.grace_days,
        growing_plans.is_looked_at_daily,
        growing_plans.plan_code is not null as is_progressive,
        max(case when growing_plans.plan_code is null then 0 else 1 end) over (
            partition by terms.customer_id, terms.external_subscription_id
        ) as is_of_progressive_user,
        row_number() over (
            partition by terms.customer_id, terms.external_subscription_id
            order by terms.billing_starts_at
        ) as subscription_number
    from {{ ref('int_subscriptions__terms') }} as terms
    left join growing_plans on terms.plan_code = growing_plans.plan_code
),

users as (
    select
        'subscription ' || external_subscription_id as user_key,
        timezone,
        billing_starts_at,
        ended_at
    from terms
    where is_of_progressive_user = 1
    union all
    select
        'customer ' || customer_id as user_key,
        timezone,
        billing_starts_at,
        ended_at
    from terms
    where is_of_progressive_user = 1
),

usage_ends as (
    select batch_number, user_key, usage_starts_at as used_at
    from {{ ref('int_subscriptions__new_usage') }}
    union all
    select batch_number, user_key, cast(usage_ends_at - interval '1' microsecond as timestamp) as used_at
    from {{ ref('int_subscriptions__new_usage') }}
),

instants as (
    select
        usage_ends.batch_number,
        false as is_each_later_date,
        cast(null as date) as last_date,
        users.timezone,
        usage_ends.used_at as happened_at
    from usage_ends
    inner join users
        on
            usage_ends.user_key = users.user_key
            and usage_ends.used_at >= users.billing_starts_at - interval '1' hour
            and (usage_ends.used_at < users.ended_at + interval '1' hour or users.ended_at is null)
    union all
    -- No batch: 0, which a look at a later date has seen. The end in UTC and two days are beyond it in every zone.
    select
        0 as batch_number,
        is_looked_at_daily as is_each_later_date,
        cast(ended_at + (grace_days + 2) * interval '1' day as date) as last_date,
        timezone,
        billing_starts_at as happened_at
    from terms
    where is_progressive and (is_looked_at_daily or subscription_number > 1)
),

tz_offsets as (
    select timezone, offset_starts_at, offset_ends_at, offset_seconds from {{ ref('stg_reference__tz_offsets') }}
),

threshold_dates as (
    select distinct
        cast(
            cast(instants.happened_at + tz_offsets.offset_seconds * interval '1' second as date) + interval '1' day
            as date
        ) as threshold_date,
        instants.batch_number,
        instants.is_each_later_date,
        instants.last_date
    from instants
    inner join tz_offsets
        on
            instants.timezone = tz_offsets.timezone
            and instants.happened_at >= tz_offsets.offset_starts_at
            and instants.happened_at < tz_offsets.offset_ends_at
)

select * from threshold_dates
