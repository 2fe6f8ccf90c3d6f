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

credited as (
    select
        document_key,
        cast(row_number() over (partition by document_key order by line_number) as integer) as line_number,
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
        {{ rounded_in_turn('uncredited_amount', 'minor_unit', 'document_key', 'line_number') }} as amount,
        tax_codes,
        tax_rate,
        currency,
        minor_unit
    from addressed
)

select * from credited
