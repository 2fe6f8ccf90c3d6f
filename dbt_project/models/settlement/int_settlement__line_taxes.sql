-- R-TAX: the exact tax of each line by tax code: what is taxed of the line, times its rate.
-- Grain: one row per (document_key, line_number, tax_code).

with

invoice_lines as (
    select
        document_key,
        line_number,
        currency,
        minor_unit,
        discounted_amount as taxable_amount
    from {{ ref('int_settlement__discounted_lines') }}
),

line_rates as (
    select document_key, line_number, tax_code, tax_name, tax_rate, is_own_rate
    from {{ ref('int_settlement__line_rates') }}
),

taxed_lines as (
    select
        invoice_lines.document_key,
        invoice_lines.line_number,
        invoice_lines.currency,
        invoice_lines.minor_unit,
        line_rates.tax_code,
        line_rates.tax_name,
        line_rates.tax_rate,
        invoice_lines.taxable_amount,
        cast(
            invoice_lines.taxable_amount * line_rates.tax_rate * cast('0.01' as decimal(3, 2)) as decimal(38, 21)
        ) as tax_amount_unrounded,
        line_rates.is_own_rate
    from invoice_lines
    inner join line_rates
        on invoice_lines.document_key = line_rates.document_key and invoice_lines.line_number = line_rates.line_number
)

select * from taxed_lines
