-- R-REGISTER: where a subscription's next period begins: at the end of the last registered one, or where billing starts if later.
-- Registered bounds are facts: a customer who changed zone goes on at the very instant, with no gap and no overlap.
-- Grain: one row per (subscription_id, fee_family).

with

terms as (
    select subscription_id, billing_starts_at, ended_at from {{ ref('int_subscriptions__terms') }}
),

fee_families as (
    select subscription_id, fee_family, billing_interval, is_due_at_start, first_row_date
    from {{ ref('int_subscriptions__fee_families') }}
),

local_spans as (
    select subscription_id, billing_start_date, end_date, billable_end_date
    from {{ ref('int_subscriptions__local_spans') }}
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

-- Who moves west may end on a date that is registered already: what is left of it then is the date after, without days.
resumed as (
    select
        terms.subscription_id,
        fee_families.fee_family,
        fee_families.billing_interval,
        fee_families.is_due_at_start,
        fee_families.first_row_date,
        case
            when last_registered.period_ends_at >= terms.billing_starts_at then last_registered.period_ends_at
            else terms.billing_starts_at
        end as resumes_at,
        case
            when last_registered.period_ends_at >= terms.billing_starts_at then last_registered.period_end_date
            else local_spans.billing_start_date
        end as resume_date,
        local_spans.billing_start_date,
        case
            when last_registered.period_ends_at < terms.ended_at
                then greatest(local_spans.end_date, cast(last_registered.period_end_date + interval '1' day as date))
            else local_spans.end_date
        end as subscription_end_date,
        case
            when last_registered.period_ends_at <= terms.ended_at
                then greatest(local_spans.billable_end_date, last_registered.period_end_date)
            else local_spans.billable_end_date
        end as billable_end_date,
        local_spans.end_date as own_end_date,
        local_spans.billable_end_date as own_billable_end_date
    from terms
    inner join fee_families on terms.subscription_id = fee_families.subscription_id
    inner join local_spans on terms.subscription_id = local_spans.subscription_id
    left join last_registered
        on
            fee_families.subscription_id = last_registered.subscription_id
            and fee_families.fee_family = last_registered.fee_family
)

select * from resumed
