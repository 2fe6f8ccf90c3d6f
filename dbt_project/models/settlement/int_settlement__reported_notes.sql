-- R-REPORT: what each credit note and its tax come to in the currency in which its invoice was reported, at that invoice's rate.
-- What is credited of an invoice is rounded together, so that an invoice that is credited whole is reported as nothing.
-- Grain: one row per document_key.

with

credit_notes as (
    select document_key, invoice_number, tax_amount, total_amount
    from {{ ref('int_settlement__credit_note_parts') }}
),

invoices as (
    select invoice_number, reporting_currency, fx_rate, fx_date
    from {{ ref('stg_issued__invoices') }}
    where reporting_currency is not null
),

credited_before as (
    select
        invoice_number,
        sum(tax_amount) as tax_amount,
        sum(subtotal_amount + tax_amount) as total_amount
    from {{ ref('stg_issued__credit_notes') }}
    group by invoice_number
),

currencies as (select currency, minor_unit from {{ ref('stg_reference__currencies') }}),

laid_out as (
    select
        credit_notes.*,
        invoices.reporting_currency,
        invoices.fx_rate,
        invoices.fx_date,
        currencies.minor_unit,
        coalesce(credited_before.total_amount, 0) + sum(credit_notes.total_amount) over of_invoice as total_through,
        coalesce(credited_before.tax_amount, 0) + sum(credit_notes.tax_amount) over of_invoice as tax_through
    from credit_notes
    inner join invoices on credit_notes.invoice_number = invoices.invoice_number
    inner join currencies on invoices.reporting_currency = currencies.currency
    left join credited_before on credit_notes.invoice_number = credited_before.invoice_number
    window of_invoice as (
        partition by credit_notes.invoice_number
        order by credit_notes.document_key
        rows between unbounded preceding and current row
    )
),

reported as (
    select
        document_key,
        reporting_currency,
        cast(
            {{ round_to_minor_unit('cast(total_through as decimal(20, 4)) * fx_rate', 'minor_unit') }}
            - {{ round_to_minor_unit('cast(total_through - total_amount as decimal(20, 4)) * fx_rate', 'minor_unit') }}
            as decimal(20, 4)
        ) as reporting_amount,
        cast(
            {{ round_to_minor_unit('cast(tax_through as decimal(20, 4)) * fx_rate', 'minor_unit') }}
            - {{ round_to_minor_unit('cast(tax_through - tax_amount as decimal(20, 4)) * fx_rate', 'minor_unit') }}
            as decimal(20, 4)
        ) as reporting_tax_amount,
        fx_rate,
        fx_date
    from laid_out
)

select * from reported
