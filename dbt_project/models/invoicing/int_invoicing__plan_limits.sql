-- R-COMMITMENT: the minimum commitment and the maximum of each plan period, prorated by its billable days. Not rounded here.
-- A part of the period whose plan row has no commitment adds none; one without a maximum leaves the whole period without.
-- Grain: one row per (subscription_id, period_starts_at, usage_period_starts_at).

with

plan_periods as (
    select
        subscription_id,
        period_starts_at,
        period_ends_at,
        period_start_date,
        period_end_date,
        billable_end_date,
        period_days,
        fees_until_at,
        is_due,
        usage_period_starts_at,
        usage_period_ends_at
    from {{ ref('fct_plan_periods') }}
),

price_spans as (
    select subscription_id, price_row_number, span_start_date, span_end_date
    from {{ ref('fct_price_spans') }}
    where price_kind = 'plan'
),

plans as (
    select row_number, plan_name, minimum_commitment_amount, maximum_amount from {{ ref('stg_catalog__plans') }}
),

-- A day that is the next subscription's has a row too, for none of the days.
segments as (
    select
        plan_periods.*,
        plans.plan_name,
        plans.minimum_commitment_amount,
        plans.maximum_amount,
        price_spans.span_end_date >= plan_periods.period_end_date as is_last,
        greatest(
            {{ days_between(
                'greatest(plan_periods.period_start_date, price_spans.span_start_date)',
                'least(plan_periods.billable_end_date, price_spans.span_end_date)'
            ) }}, 0
        ) as days
    from plan_periods
    inner join price_spans
        on
            plan_periods.subscription_id = price_spans.subscription_id
            and plan_periods.period_start_date < price_spans.span_end_date
            and plan_periods.period_end_date > price_spans.span_start_date
    inner join plans on price_spans.price_row_number = plans.row_number
),

by_period as (
    select
        subscription_id,
        period_starts_at,
        period_ends_at,
        period_days,
        fees_until_at,
        is_due,
        usage_period_starts_at,
        usage_period_ends_at,
        max(case when is_last then plan_name end) as plan_name,
        cast(sum(coalesce(minimum_commitment_amount, 0) * days) as decimal(38, 4)) as minimum_days_amount,
        case
            when count(*) = count(maximum_amount) then cast(sum(maximum_amount * days) as decimal(38, 4))
        end as maximum_days_amount
    from segments
    group by
        subscription_id,
        period_starts_at,
        period_ends_at,
        period_days,
        fees_until_at,
        is_due,
        usage_period_starts_at,
        usage_period_ends_at
),

-- Amounts times days are added first, and divided once.
prorated as (
    select
        subscription_id,
        period_starts_at,
        period_ends_at,
        fees_until_at,
        is_due,
        usage_period_starts_at,
        usage_period_ends_at,
        plan_name,
        {{ prorated_amount('minimum_days_amount', 1, 'period_days') }} as minimum_unrounded,
        {{ prorated_amount('maximum_days_amount', 1, 'period_days') }} as maximum_unrounded
    from by_period
)

select * from prorated
where minimum_unrounded > 0 or maximum_unrounded is not null
