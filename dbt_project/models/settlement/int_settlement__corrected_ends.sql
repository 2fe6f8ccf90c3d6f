-- R-NOTE: of each period that its subscription left early and whose base fee was corrected, in this close or before: what stands
-- issued beyond what the used days cost today. All of that is for unused days.
-- Grain: one row per (subscription_id, period_ends_at).

with

fees_left_early as (select * from {{ ref('int_settlement__fees_left_early') }}),

base_corrections as (
    select subscription_id, period_ends_at, period_start_date, amount
    from {{ ref('int_settlement__base_corrections') }}
),

periods as (
    select
        subscription_id,
        period_ends_at,
        max(period_end_date) as period_end_date,
        max(billable_end_date) as billable_end_date,
        min(first_billed_date) as first_billed_date,
        max(trial_end_date) as trial_end_date,
        max(cast({{ json_text('price_details', "'period_days'") }} as integer)) as period_days,
        sum(left_before_amount) as left_before_amount,
        max(case when is_adjustment or corrected_amount <> 0 then 1 else 0 end) as has_corrected_lines
    from fees_left_early
    group by subscription_id, period_ends_at
),

corrected as (
    select
        periods.subscription_id,
        periods.period_ends_at,
        periods.period_end_date,
        periods.billable_end_date,
        periods.period_days,
        case
            when base_corrections.period_start_date is null then periods.first_billed_date
            else
                greatest(
                    base_corrections.period_start_date,
                    coalesce(periods.trial_end_date, base_corrections.period_start_date)
                )
        end as first_billed_date,
        cast(periods.left_before_amount + coalesce(base_corrections.amount, 0) as decimal(20, 4)) as standing_amount
    from periods
    left join base_corrections
        on
            periods.subscription_id = base_corrections.subscription_id
            and periods.period_ends_at = base_corrections.period_ends_at
    where periods.has_corrected_lines = 1 or base_corrections.subscription_id is not null
),

price_spans as (
    select subscription_id, price_row_number, span_start_date, span_end_date
    from {{ ref('fct_price_spans') }}
    where charge_code is null
),

plans as (select row_number, amount from {{ ref('stg_catalog__plans') }}),

priced as (
    select
        corrected.subscription_id,
        corrected.period_ends_at,
        corrected.standing_amount,
        corrected.billable_end_date,
        corrected.period_end_date,
        corrected.period_days,
        plans.amount as plan_amount,
        price_spans.span_start_date <= corrected.billable_end_date
        and price_spans.span_end_date > corrected.billable_end_date as is_first_unused,
        {{ days_in_span('corrected.first_billed_date', 'corrected.billable_end_date', 'price_spans') }} as used_days
    from corrected
    inner join price_spans
        on
            corrected.subscription_id = price_spans.subscription_id
            and corrected.period_end_date > price_spans.span_start_date
            and corrected.first_billed_date < price_spans.span_end_date
    inner join plans on price_spans.price_row_number = plans.row_number
),

corrected_ends as (
    select
        subscription_id,
        period_ends_at,
        coalesce(max(case when is_first_unused then plan_amount end), max(plan_amount)) as plan_amount,
        max(billable_end_date) as first_unused_date,
        max(period_end_date) as period_end_date,
        max(period_days) as period_days,
        cast(
            max(standing_amount) - sum({{ prorated_amount('plan_amount', 'used_days', 'period_days') }})
            as decimal(38, 21)
        ) as unused_amount_unrounded
    from priced
    group by subscription_id, period_ends_at
)

select * from corrected_ends
