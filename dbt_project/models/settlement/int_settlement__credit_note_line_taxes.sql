-- R-NOTE: the tax that goes back with each credited line: at the rates of its invoice, on the exact amount; a line that corrects
-- another invoice bears that one's.
-- Grain: one row per (document_key, line_number, tax_code).

with

credited_lines as (
    select
        document_key,
        line_number,
        invoice_number,
        invoice_line_number,
        cast(amount - coupon_amount as decimal(20, 4)) as amount,
        discounted_amount_unrounded as amount_unrounded,
        tax_codes,
        currency,
        minor_unit
    from {{ ref('int_settlement__discounted_credits') }}
),

issued_lines as (
    select invoice_number, line_number, original_invoice_number from {{ ref('stg_issued__invoice_lines') }}
),

invoice_taxes as (
    select invoice_number, tax_code, tax_name, tax_rate
    from {{ ref('stg_issued__invoice_taxes') }}
    where is_own_rate
),

-- 18 decimals leave room for the rate; 15 heal what the division of days lost, before the rounding that counts.
taxed as (
    select
        credited_lines.document_key,
        credited_lines.line_number,
        credited_lines.currency,
        credited_lines.minor_unit,
        invoice_taxes.tax_code,
        invoice_taxes.tax_name,
        invoice_taxes.tax_rate,
        credited_lines.amount as taxable_amount,
        cast(
            cast(credited_lines.amount_unrounded as decimal(38, 18)) * invoice_taxes.tax_rate
            * cast('0.01' as decimal(3, 2)) as decimal(38, 15)
        ) as tax_amount_unrounded
    from credited_lines
    inner join issued_lines
        on
            credited_lines.invoice_number = issued_lines.invoice_number
            and credited_lines.invoice_line_number = issued_lines.line_number
    inner join invoice_taxes
        on
            issued_lines.original_invoice_number = invoice_taxes.invoice_number
            and position(',' || invoice_taxes.tax_code || ',' in ',' || credited_lines.tax_codes || ',') > 0
)

select * from taxed
