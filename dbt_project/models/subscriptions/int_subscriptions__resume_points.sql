-- R-REGISTER: where a subscription's next period begins: at the end of the last registered one, else where billing starts.
-- Registered bounds are facts: a customer who changed zone goes on at the very instant, with no gap and no overlap.
-- Grain: one row per (subscription_id, fee_family).

with

terms as (
    select subscription_id, timezone, is_pay_in_advance, billing_starts_at, ended_at
    from {{ ref('int_subscriptions__terms') }}
),

fee_families as (
    select 'base' as fee_family
    union all
    select 'usage' as fee_family
),

tz_offsets as (
    select timezone, offset_starts_at, offset_ends_at, offset_seconds from {{ ref('stg_reference__tz_offsets') }}
),

last_registered as (
    select
        subscription_id,
        fee_family,
        max(period_ends_at) as period_ends_at,
        max(period_end_date) as period_end_date
    from {{ ref('stg_issued__billed_periods') }}
    group by subscription_id, fee_family
),

-- An end exactly at local midnight closes the day before it, hence the microsecond.
local_bounds as (
    select
        terms.subscription_id,
        {{ local_date('terms.billing_starts_at', 'start_offsets.offset_seconds') }} as billing_start_date,
        {{ local_date("terms.ended_at - interval '1' microsecond", 'end_offsets.offset_seconds') }}
        + interval '1' day as end_date
    from terms
    inner join tz_offsets as start_offsets
        on
            terms.timezone = start_offsets.timezone
            and terms.billing_starts_at >= start_offsets.offset_starts_at
            and terms.billing_starts_at < start_offsets.offset_ends_at
    inner join tz_offsets as end_offsets
        on
            terms.timezone = end_offsets.timezone
            and terms.ended_at > end_offsets.offset_starts_at
            and terms.ended_at <= end_offsets.offset_ends_at
),

resumed as (
    select
        terms.subscription_id,
        fee_families.fee_family,
        fee_families.fee_family = 'base' and terms.is_pay_in_advance as is_due_at_start,
        coalesce(last_registered.period_ends_at, terms.billing_starts_at) as resumes_at,
        coalesce(last_registered.period_end_date, local_bounds.billing_start_date) as resume_date,
        local_bounds.billing_start_date,
        cast(local_bounds.end_date as date) as subscription_end_date
    from terms
    cross join fee_families
    inner join local_bounds on terms.subscription_id = local_bounds.subscription_id
    left join last_registered
        on
            terms.subscription_id = last_registered.subscription_id
            and fee_families.fee_family = last_registered.fee_family
)

select * from resumed
