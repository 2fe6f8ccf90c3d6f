-- R-ADJUST: the issued lines of periods that this close does not compute again: of those that it does, nothing counts as billed,
-- so that they come out as one computation would have given them. What adjustments took back of a line does not count either.
-- What progressive invoices billed in advance of their period's invoice is none of it (R-PROGRESSIVE), but what adjustments took
-- of their lines is.
-- Grain: one row per line_key.

with

taken_back as (
    select
        invoice_number,
        invoice_line_number,
        sum(amount) as amount
    from {{ ref('stg_issued__credit_note_lines') }}
    where {{ is_note_of_a_correction('cause') }}
    group by invoice_number, invoice_line_number
),

issued_lines as (
    select
        invoice_number,
        line_number,
        line_key,
        subscription_id,
        {{ usage_fee_type('fee_type') }} as fee_type,
        charge_code,
        filter_code,
        group_key,
        service_period_start,
        case when fee_type like 'progressive%' then 0 else amount end as amount,
        fee_family
    from {{ ref('stg_issued__invoice_lines') }}
    where fee_type <> 'progressive_credit'
),

reopened_periods as (
    select subscription_id, fee_family, period_starts_at, period_ends_at from {{ ref('fct_reopened_periods') }}
),

standing as (
    select
        issued_lines.line_key,
        issued_lines.subscription_id,
        issued_lines.fee_type,
        issued_lines.charge_code,
        issued_lines.filter_code,
        issued_lines.group_key,
        issued_lines.service_period_start,
        cast(issued_lines.amount - coalesce(taken_back.amount, 0) as decimal(20, 4)) as amount
    from issued_lines
    left join taken_back
        on
            issued_lines.invoice_number = taken_back.invoice_number
            and issued_lines.line_number = taken_back.invoice_line_number
    left join reopened_periods
        on
            issued_lines.subscription_id = reopened_periods.subscription_id
            and issued_lines.fee_family = reopened_periods.fee_family
            and issued_lines.service_period_start >= reopened_periods.period_starts_at
            and issued_lines.service_period_start < reopened_periods.period_ends_at
    where reopened_periods.subscription_id is null
)

select * from standing
