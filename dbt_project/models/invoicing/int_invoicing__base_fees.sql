-- R-BASE: the plan amount of each due base period, by its inclusive local days out of the whole period's.
-- Where another plan row comes into force inside the period, each row's part is a fee of its own, by its days.
-- The trial is no part of any fee, and a day that is the next subscription's counts in none.
-- Grain: one row per (subscription_id, period_starts_at, segment_starts_at).

with

periods as (
    select
        subscription_id,
        period_starts_at,
        period_ends_at,
        period_start_date,
        period_end_date,
        billable_end_date,
        trial_end_date,
        trial_ends_at,
        period_days
    from {{ ref('fct_subscription_periods') }}
    where fee_family = 'base'
),

price_spans as (
    select subscription_id, price_row_number, span_start_date, span_end_date, span_starts_at, span_ends_at
    from {{ ref('fct_price_spans') }}
    where charge_code is null
),

plans as (select row_number, plan_name, amount from {{ ref('stg_catalog__plans') }}),

segments as (
    select
        periods.subscription_id,
        periods.period_starts_at,
        periods.period_days,
        plans.plan_name,
        plans.amount as plan_amount,
        case
            when greatest(price_spans.span_start_date, periods.trial_end_date) <= periods.period_start_date
                then periods.period_starts_at
            else
                least(
                    greatest(price_spans.span_starts_at, periods.period_starts_at, periods.trial_ends_at),
                    periods.period_ends_at
                )
        end as segment_starts_at,
        {{ segment_ends_at('periods', 'price_spans') }} as segment_ends_at,
        cast(
            greatest(periods.period_start_date, price_spans.span_start_date, periods.trial_end_date) as date
        ) as first_date,
        {{ days_in_span(
            'periods.period_start_date, periods.trial_end_date', 'periods.billable_end_date', 'price_spans'
        ) }} as days
    from periods
    inner join price_spans
        on
            periods.subscription_id = price_spans.subscription_id
            and periods.period_start_date < price_spans.span_end_date
            and periods.period_end_date > price_spans.span_start_date
    inner join plans on price_spans.price_row_number = plans.row_number
),

base_fees as (
    select
        subscription_id,
        period_starts_at,
        segment_starts_at,
        segment_ends_at,
        first_date,
        plan_amount,
        days,
        period_days,
        plan_name as description,
        {{ prorated_amount('plan_amount', 'days', 'period_days') }} as amount_unrounded,
        '{"model":"subscription","plan_amount":"' || {{ decimal_text('plan_amount') }}
        || '","days":"' || cast(days as varchar)
        || '","period_days":"' || cast(period_days as varchar) || '"}' as price_details
    from segments
    where days > 0
)

select * from base_fees
