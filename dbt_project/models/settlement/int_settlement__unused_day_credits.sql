-- R-NOTE: what a note credits of each line for unused days. Amounts add up to the note's subtotal, which is rounded once: what
-- rounding leaves goes on from line to line.
-- Grain: one row per (document_key, line_number).

with

running as (select close_date from {{ ref('stg_control__run') }}),

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
        first_unused_date,
        billed_until_date,
        tax_codes,
        tax_rate,
        uncredited_amount
    from {{ ref('int_settlement__unused_days') }}
    where unused_days > 0 and uncredited_amount > 0
),

invoices as (
    select invoice_number, payer_customer_id, billing_entity_code, currency from {{ ref('stg_issued__invoices') }}
),

currencies as (select currency, minor_unit from {{ ref('stg_reference__currencies') }}),

addressed as (
    select
        unused_days.*,
        'credit_note/' || cast(running.close_date as varchar) || '/' || invoices.billing_entity_code || '/'
        || invoices.payer_customer_id || '/' || invoices.currency || '/' || unused_days.invoice_number || '/'
        || unused_days.subscription_id as document_key,
        invoices.currency,
        currencies.minor_unit
    from unused_days
    cross join running
    inner join invoices on unused_days.invoice_number = invoices.invoice_number
    inner join currencies on invoices.currency = currencies.currency
),

-- 15 decimals heal what 21 lost of a third and its like, and come before the rounding that counts.
added_up as (
    select
        addressed.*,
        row_number() over (partition by document_key order by line_number) as line_rank,
        cast(
            sum(uncredited_amount) over (
                partition by document_key
                order by line_number
                rows between unbounded preceding and current row
            ) as decimal(38, 15)
        ) as amount_through
    from addressed
),

rounded as (
    select
        added_up.*,
        {{ round_to_minor_unit('amount_through', 'minor_unit') }} as rounded_through
    from added_up
),

credited as (
    select
        document_key,
        cast(line_rank as integer) as line_number,
        invoice_number,
        line_number as invoice_line_number,
        subscription_id,
        on_termination,
        end_kind,
        description,
        plan_amount,
        period_days,
        unused_days,
        first_unused_date,
        billed_until_date,
        uncredited_amount as amount_unrounded,
        cast(
            rounded_through - lag(rounded_through, 1, cast(0 as decimal(20, 4))) over (
                partition by document_key
                order by line_number
            ) as decimal(20, 4)
        ) as amount,
        tax_codes,
        tax_rate,
        currency,
        minor_unit
    from rounded
)

select * from credited
