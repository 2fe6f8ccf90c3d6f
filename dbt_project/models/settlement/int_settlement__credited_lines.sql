-- R-NOTE: the lines of this close's credit notes: unused days of subscriptions that ended, what adjustments take back, what
-- progressive invoices billed beyond their period, and what somebody decided to credit.
-- Grain: one row per (document_key, line_number).

with

credited_lines as (
    select
        document_key,
        line_number,
        invoice_number,
        invoice_line_number,
        subscription_id,
        'termination' as reason,
        on_termination as handling,
        description,
        amount_unrounded,
        amount,
        tax_codes,
        tax_rate,
        currency,
        minor_unit,
        '{"model":"unused_days","plan_amount":"' || {{ decimal_text('plan_amount') }}
        || '","unused_days":"' || cast(unused_days as varchar)
        || '","period_days":"' || cast(period_days as varchar)
        || '","from_date":"' || cast(first_unused_date as varchar)
        || '","until_date":"' || cast(billed_until_date as varchar) || '"}' as price_details,
        end_kind as cause
    from {{ ref('int_settlement__unused_day_credits') }}
    union all
    select
        document_key,
        line_number,
        invoice_number,
        invoice_line_number,
        subscription_id,
        reason,
        'offset' as handling,
        description,
        amount_unrounded,
        amount,
        tax_codes,
        tax_rate,
        currency,
        minor_unit,
        price_details,
        cause
    from {{ ref('int_settlement__adjustment_credits') }}
    union all
    select
        document_key,
        line_number,
        invoice_number,
        invoice_line_number,
        subscription_id,
        'manual' as reason,
        handling,
        description,
        amount_unrounded,
        amount,
        tax_codes,
        tax_rate,
        currency,
        minor_unit,
        price_details,
        'manual' as cause
    from {{ ref('int_settlement__manual_credits') }}
)

select * from credited_lines
