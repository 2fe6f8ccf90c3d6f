-- R-NOTE: the base fees that were paid for days after the end of their subscription: how many of a line's days are unused, what
-- they cost, and what the used ones do. The lines of a period stand one after another, by the days that each says it bills,
-- from the period's first date or the end of the trial on. A line's share of coupons is given back by days too.
-- Grain: one row per (invoice_number, line_number).

with

ends as (
    select subscription_id, on_termination, end_kind, billable_end_date, trial_end_date
    from {{ ref('fct_subscription_ends') }}
    where on_termination <> 'skip'
),

base_lines as (
    select
        invoice_number,
        line_number,
        subscription_id,
        description,
        service_period_start,
        amount,
        coupon_amount,
        tax_codes,
        tax_rate,
        price_details,
        period_starts_at,
        period_start_date,
        period_end_date
    from {{ ref('stg_issued__base_lines') }}
),

cut_short as (
    select
        base_lines.invoice_number,
        base_lines.line_number,
        base_lines.subscription_id,
        ends.on_termination,
        ends.end_kind,
        ends.billable_end_date,
        base_lines.description,
        cast(base_lines.amount - base_lines.coupon_amount as decimal(20, 4)) as amount,
        base_lines.coupon_amount,
        base_lines.tax_codes,
        base_lines.tax_rate,
        base_lines.service_period_start,
        base_lines.period_starts_at,
        greatest(
            base_lines.period_start_date, coalesce(ends.trial_end_date, base_lines.period_start_date)
        ) as first_billed_date,
        cast({{ json_text('base_lines.price_details', "'plan_amount'") }} as decimal(20, 4)) as plan_amount,
        cast({{ json_text('base_lines.price_details', "'days'") }} as integer) as days,
        cast({{ json_text('base_lines.price_details', "'period_days'") }} as integer) as period_days
    from base_lines
    inner join ends
        on
            base_lines.subscription_id = ends.subscription_id
            and base_lines.period_end_date > ends.billable_end_date
),

dated as (
    select
        cut_short.*,
        cast(
            first_billed_date + sum(days) over (
                partition by subscription_id, period_starts_at
                order by service_period_start, line_number
                rows between unbounded preceding and current row
            ) * interval '1' day as date
        ) as billed_until_date
    from cut_short
),

counted as (
    select
        dated.*,
        least(greatest({{ days_between('billable_end_date', 'billed_until_date') }}, 0), days) as unused_days
    from dated
),

priced as (
    select
        invoice_number,
        line_number,
        subscription_id,
        on_termination,
        end_kind,
        description,
        plan_amount,
        days,
        period_days,
        unused_days,
        cast(billed_until_date - unused_days * interval '1' day as date) as first_unused_date,
        billed_until_date,
        amount,
        tax_codes,
        tax_rate,
        -- A line that is unused from its first day on is given back as it was rounded.
        case
            when unused_days = days then cast(amount as decimal(38, 21))
            else
                cast(
                    {{ prorated_amount('plan_amount', 'unused_days', 'period_days') }}
                    - {{ prorated_amount('coupon_amount', 'unused_days', 'days') }} as decimal(38, 21)
                )
        end as credit_amount_unrounded,
        case
            when unused_days = days then cast(0 as decimal(38, 21))
            else
                cast(
                    {{ prorated_amount('plan_amount', '(days - unused_days)', 'period_days') }}
                    - {{ prorated_amount('coupon_amount', '(days - unused_days)', 'days') }} as decimal(38, 21)
                )
        end as used_amount_unrounded
    from counted
    where days > 0
)

select * from priced
