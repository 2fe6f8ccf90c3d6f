-- R-NOTE: the issued base fees, and adjustments of them, of periods that their subscription left before their end, with what is
-- left of each line once the corrections of this close are taken off too. What was credited by hand is no part of what days cost.
-- Grain: one row per (invoice_number, line_number).

with

ends as (
    select subscription_id, on_termination, end_kind, billable_end_date, trial_end_date
    from {{ ref('fct_subscription_ends') }}
    where on_termination <> 'skip'
),

base_lines as (select * from {{ ref('stg_issued__base_lines') }}),

credited as (select * from {{ ref('int_settlement__line_credits') }}),

left_early as (
    select
        base_lines.invoice_number,
        base_lines.line_number,
        base_lines.subscription_id,
        ends.on_termination,
        ends.end_kind,
        ends.billable_end_date,
        base_lines.description,
        base_lines.amount,
        base_lines.tax_codes,
        base_lines.tax_rate,
        base_lines.service_period_start,
        base_lines.price_details,
        base_lines.is_adjustment,
        base_lines.period_starts_at,
        base_lines.period_ends_at,
        base_lines.period_end_date,
        greatest(base_lines.period_start_date, coalesce(ends.trial_end_date, base_lines.period_start_date))
            as first_billed_date,
        ends.trial_end_date,
        cast(coalesce(credited.corrected_amount, 0) as decimal(20, 4)) as corrected_amount,
        cast(base_lines.amount - coalesce(credited.amount_before, 0) as decimal(20, 4))
            as left_before_amount,
        cast(base_lines.amount - coalesce(credited.amount, 0) as decimal(20, 4))
            as left_amount,
        cast(coalesce(credited.amount_unrounded, 0) as decimal(38, 21)) as credited_amount_unrounded
    from base_lines
    inner join ends
        on
            base_lines.subscription_id = ends.subscription_id
            and base_lines.period_end_date > ends.billable_end_date
    left join credited
        on
            base_lines.invoice_number = credited.invoice_number
            and base_lines.line_number = credited.line_number
)

select * from left_early
