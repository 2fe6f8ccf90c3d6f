-- R-NOTE: what a note credits of each line: the price of its unused days, less what earlier notes credited, at most what is left
-- of the line. Amounts add up to the note's subtotal, which is rounded once: what rounding leaves goes on from line to line.
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
        days,
        period_days,
        unused_days,
        first_unused_date,
        billed_until_date,
        amount,
        tax_codes,
        tax_rate,
        credit_amount_unrounded
    from {{ ref('int_settlement__unused_days') }}
    where unused_days > 0
),

credited_before as (
    select
        invoice_number,
        invoice_line_number,
        sum(amount) as amount,
        sum(amount_unrounded) as amount_unrounded
    from {{ ref('stg_issued__credit_note_lines') }}
    group by invoice_number, invoice_line_number
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
        currencies.minor_unit,
        case
            when unused_days.unused_days = unused_days.days
                then cast(unused_days.amount - coalesce(credited_before.amount, 0) as decimal(38, 21))
            else
                least(
                    cast(
                        unused_days.credit_amount_unrounded - coalesce(credited_before.amount_unrounded, 0)
                        as decimal(38, 21)
                    ),
                    cast(unused_days.amount - coalesce(credited_before.amount, 0) as decimal(38, 21))
                )
        end as uncredited_amount
    from unused_days
    cross join running
    inner join invoices on unused_days.invoice_number = invoices.invoice_number
    inner join currencies on invoices.currency = currencies.currency
    left join credited_before
        on
            unused_days.invoice_number = credited_before.invoice_number
            and unused_days.line_number = credited_before.invoice_line_number
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
    where uncredited_amount > 0
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
