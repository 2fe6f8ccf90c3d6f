-- R-MANUAL-CREDIT: manual credits as the lines of credit notes: one note per invoice, subscription (or customer, for what is of
-- none) and handling. It says who decided so and why.
-- Grain: one row per (document_key, line_number).

with

running as (select close_date from {{ ref('stg_control__run') }}),

amounts as (select * from {{ ref('int_settlement__manual_credit_amounts') }}),

invoice_lines as (
    select invoice_number, line_number, customer_id, subscription_id, description, tax_codes, tax_rate
    from {{ ref('stg_issued__invoice_lines') }}
),

invoices as (
    select
        invoices.invoice_number,
        invoices.payer_customer_id,
        invoices.billing_entity_code,
        invoices.currency,
        currencies.minor_unit
    from {{ ref('stg_issued__invoices') }} as invoices
    inner join {{ ref('stg_reference__currencies') }} as currencies on invoices.currency = currencies.currency
),

addressed as (
    select
        'credit_note/' || cast(running.close_date as varchar) || '/' || invoices.billing_entity_code || '/'
        || invoices.payer_customer_id || '/' || invoices.currency || '/' || amounts.invoice_number || '/'
        || coalesce(lines.subscription_id, lines.customer_id) || '/manual/' || amounts.handling as document_key,
        amounts.manual_credit_id,
        amounts.row_number,
        amounts.invoice_number,
        amounts.line_number as invoice_line_number,
        lines.subscription_id,
        amounts.handling,
        amounts.reason,
        amounts.author,
        lines.description,
        amounts.amount,
        lines.tax_codes,
        lines.tax_rate,
        invoices.currency,
        invoices.minor_unit
    from amounts
    cross join running
    inner join invoices on amounts.invoice_number = invoices.invoice_number
    inner join invoice_lines as lines
        on amounts.invoice_number = lines.invoice_number and amounts.line_number = lines.line_number
),

credits as (
    select
        document_key,
        cast(row_number() over (partition by document_key order by row_number, invoice_line_number) as integer)
            as line_number,
        invoice_number,
        invoice_line_number,
        subscription_id,
        handling,
        description,
        cast(amount as decimal(38, 21)) as amount_unrounded,
        amount,
        tax_codes,
        tax_rate,
        currency,
        minor_unit,
        '{"model":"manual","manual_credit_id":' || {{ json_quoted('manual_credit_id') }}
        || ',"reason":' || {{ json_quoted('reason') }} || ',"author":' || {{ json_quoted('author') }} || '}'
            as price_details
    from addressed
)

select * from credits
