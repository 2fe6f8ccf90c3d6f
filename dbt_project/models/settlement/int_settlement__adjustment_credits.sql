-- R-ADJUST: what adjustments, and invoices of periods that were billed before in part (R-PROGRESSIVE), take off issued lines, as
-- the lines of credit notes: one note per invoice, subscription and reason.
-- A note lowers what is still unpaid of its invoice; the rest is for later invoices.
-- Grain: one row per (document_key, line_number).

with

running as (select close_date from {{ ref('stg_control__run') }}),

adjustment_credits as (
    select
        invoice_number,
        line_number,
        subscription_id,
        description,
        service_period_start,
        service_period_end,
        cause,
        tax_codes,
        tax_rate,
        amount,
        'adjustment' as reason
    from {{ ref('fct_adjustment_credits') }}
    union all
    select
        invoice_number,
        line_number,
        subscription_id,
        description,
        service_period_start,
        service_period_end,
        cause,
        tax_codes,
        tax_rate,
        amount,
        'progressive_billing' as reason
    from {{ ref('fct_progressive_credits') }}
),

invoices as (
    select invoice_number, payer_customer_id, billing_entity_code, currency from {{ ref('stg_issued__invoices') }}
),

currencies as (select currency, minor_unit from {{ ref('stg_reference__currencies') }}),

addressed as (
    select
        'credit_note/' || cast(running.close_date as varchar) || '/' || invoices.billing_entity_code || '/'
        || invoices.payer_customer_id || '/' || invoices.currency || '/' || adjustment_credits.invoice_number || '/'
        || adjustment_credits.subscription_id || '/' || adjustment_credits.reason as document_key,
        adjustment_credits.*,
        invoices.currency,
        currencies.minor_unit
    from adjustment_credits
    cross join running
    inner join invoices on adjustment_credits.invoice_number = invoices.invoice_number
    inner join currencies on invoices.currency = currencies.currency
),

credited as (
    select
        document_key,
        cast(row_number() over (partition by document_key order by line_number) as integer) as line_number,
        invoice_number,
        line_number as invoice_line_number,
        subscription_id,
        description,
        cast(amount as decimal(38, 21)) as amount_unrounded,
        amount,
        tax_codes,
        tax_rate,
        currency,
        minor_unit,
        '{"model":"' || reason || '","from":"' || {{ iso_instant('service_period_start') }}
        || '","until":"' || {{ iso_instant('service_period_end') }} || '"}' as price_details,
        cause,
        reason
    from addressed
)

select * from credited
