-- R-NOTE: what each line of a base fee still has to give back for the days after the end of its subscription. The lines of a
-- period stand one after another, by the days that each says it bills, from the period's first date or the end of the trial on,
-- and give back by days, before coupons. A fee that was corrected is priced anew.
-- Grain: one row per (invoice_number, line_number).

with

fees_left_early as (select * from {{ ref('int_settlement__fees_left_early') }}),

corrected_ends as (select subscription_id, period_ends_at from {{ ref('int_settlement__corrected_ends') }}),

dated as (
    select
        fees.*,
        cast({{ json_text('fees.price_details', "'plan_amount'") }} as decimal(20, 4)) as plan_amount,
        cast({{ json_text('fees.price_details', "'days'") }} as integer) as days,
        cast({{ json_text('fees.price_details', "'period_days'") }} as integer) as period_days,
        cast(
            fees.first_billed_date
            + sum(cast({{ json_text('fees.price_details', "'days'") }} as integer)) over (
                partition by fees.subscription_id, fees.period_starts_at
                order by fees.service_period_start, fees.line_number
                rows between unbounded preceding and current row
            ) * interval '1' day as date
        ) as billed_until_date
    from fees_left_early as fees
    left join corrected_ends
        on fees.subscription_id = corrected_ends.subscription_id and fees.period_ends_at = corrected_ends.period_ends_at
    where corrected_ends.subscription_id is null
),

counted as (
    select
        dated.*,
        least(greatest({{ days_between('billable_end_date', 'billed_until_date') }}, 0), days) as unused_days
    from dated
    where days > 0
),

by_days as (
    select
        counted.*,
        {{ prorated_amount('plan_amount', 'unused_days', 'period_days') }} as unused_amount_unrounded,
        {{ prorated_amount('plan_amount', '(days - unused_days)', 'period_days') }} as used_amount_unrounded
    from counted
),

unused_days as (
    select
        invoice_number,
        line_number,
        subscription_id,
        on_termination,
        end_kind,
        description,
        plan_amount,
        period_days,
        unused_days,
        cast(billed_until_date - unused_days * interval '1' day as date) as first_unused_date,
        billed_until_date,
        amount,
        tax_codes,
        tax_rate,
        -- A line that is unused from its first day on is given back as it was rounded.
        case when unused_days = days then cast(0 as decimal(38, 21)) else used_amount_unrounded end
            as used_amount_unrounded,
        cast(
            case
                when unused_days = days then left_amount
                else least(unused_amount_unrounded - credited_amount_unrounded, left_amount)
            end as decimal(38, 21)
        ) as uncredited_amount
    from by_days
    union all
    select * from {{ ref('int_settlement__corrected_unused_days') }}
)

select * from unused_days
