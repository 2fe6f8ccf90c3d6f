-- R-TAX: the tax rates that a line carries: those of its taxes in force on the close date; of an adjustment, those of the
-- invoice that it corrects. Rates add, never compound.
-- Grain: one row per (document_key, line_number, tax_code).

with

corrections as (
    select document_key, line_number, original_invoice_number, original_tax_codes
    from {{ ref('fct_invoice_lines') }}
    where original_invoice_number is not null
),

line_tax_codes as (
    select document_key, line_number, tax_code from {{ ref('int_settlement__line_tax_codes') }}
    where certificate is null
),

tax_rates as (select tax_code, tax_name, tax_rate from {{ ref('int_settlement__tax_rates') }}),

-- What corrects an invoice bears its taxes, at the rates that its own lines had: lines on it that corrected another one may have
-- other rates of the same codes.
original_taxes as (
    select invoice_number, tax_code, tax_name, tax_rate
    from {{ ref('stg_issued__invoice_taxes') }}
    where is_own_rate
),

line_rates as (
    select
        line_tax_codes.document_key,
        line_tax_codes.line_number,
        line_tax_codes.tax_code,
        tax_rates.tax_name,
        tax_rates.tax_rate,
        true as is_own_rate
    from line_tax_codes
    left join tax_rates on line_tax_codes.tax_code = tax_rates.tax_code
    union all
    select
        corrections.document_key,
        corrections.line_number,
        original_taxes.tax_code,
        original_taxes.tax_name,
        original_taxes.tax_rate,
        false as is_own_rate
    from corrections
    inner join original_taxes
        on
            corrections.original_invoice_number = original_taxes.invoice_number
            and position(
                ',' || original_taxes.tax_code || ',' in ',' || corrections.original_tax_codes || ','
            ) > 0
)

select * from line_rates
