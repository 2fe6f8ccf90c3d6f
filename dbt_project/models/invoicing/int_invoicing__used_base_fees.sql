-- R-COMMITMENT: of each plan period in advance that its subscription leaves early, so that a note gives back the rest: what the
-- base fee of its used days is. It is the same whether the end was known when the fee was billed or not.
-- Grain: one row per (subscription_id, period_starts_at).

with

plan_periods as (
    select distinct
        subscription_id,
        period_starts_at,
        period_start_date,
        period_end_date,
        billable_end_date,
        period_days,
        fees_until_at
    from {{ ref('fct_plan_periods') }}
    where fees_until_at > period_ends_at
),

subscriptions as (
    select subscription_id, minor_unit, trial_end_date
    from {{ ref('dim_subscriptions') }}
    where is_pay_in_advance and on_termination <> 'skip'
),

price_spans as (
    select subscription_id, price_row_number, span_start_date, span_end_date
    from {{ ref('fct_price_spans') }}
    where price_kind = 'plan'
),

plans as (select row_number, amount from {{ ref('stg_catalog__plans') }}),

parts as (
    select
        plan_periods.subscription_id,
        plan_periods.period_starts_at,
        plan_periods.fees_until_at,
        plan_periods.period_days,
        subscriptions.minor_unit,
        plans.amount as plan_amount,
        {{ days_in_span(
            'plan_periods.period_start_date, subscriptions.trial_end_date', 'plan_periods.billable_end_date',
            'price_spans'
        ) }} as days
    from plan_periods
    inner join subscriptions on plan_periods.subscription_id = subscriptions.subscription_id
    inner join price_spans
        on
            plan_periods.subscription_id = price_spans.subscription_id
            and plan_periods.period_start_date < price_spans.span_end_date
            and plan_periods.period_end_date > price_spans.span_start_date
    inner join plans on price_spans.price_row_number = plans.row_number
),

used_base_fees as (
    select
        subscription_id,
        period_starts_at,
        max(fees_until_at) as fees_until_at,
        cast(
            sum({{ round_to_minor_unit(prorated_amount('plan_amount', 'days', 'period_days'), 'minor_unit') }})
            as decimal(20, 4)
        ) as amount
    from parts
    group by subscription_id, period_starts_at
)

select * from used_base_fees
