-- R-TAX: the tax rates that a line carries: those of its customer, in force on the close date; of an adjustment, those of the
-- invoice that it corrects. Rates add, never compound.
-- Grain: one row per (document_key, line_number, tax_code).

with

running as (select close_date from {{ ref('stg_control__run') }}),

invoice_lines as (
    select
        document_key,
        line_number,
        customer_id,
        discounted_amount,
        currency,
        minor_unit,
        original_invoice_number,
        original_tax_codes
    from {{ ref('int_settlement__discounted_lines') }}
),

customer_taxes as (select customer_id, tax_code from {{ ref('stg_catalog__customer_taxes') }}),

taxes as (
    select row_number, tax_code, tax_name, rate_percent, valid_from, valid_to, recorded_at
    from {{ ref('stg_catalog__taxes') }}
),

rates_in_force as (
    select
        taxes.tax_code,
        taxes.tax_name,
        taxes.rate_percent,
        row_number() over (
            partition by taxes.tax_code
            order by taxes.recorded_at desc, taxes.row_number desc
        ) as recording_rank
    from taxes
    inner join running
        on
            taxes.valid_from <= running.close_date
            and (running.close_date < taxes.valid_to or taxes.valid_to is null)
),

-- What corrects an invoice bears its taxes, at the rates that its own lines had: lines on it that corrected another one may have
-- other rates of the same codes.
original_taxes as (
    select invoice_number, tax_code, tax_name, tax_rate
    from {{ ref('stg_issued__invoice_taxes') }}
    where is_own_rate
),

line_rates as (
    select
        invoice_lines.*,
        rates_in_force.tax_code,
        rates_in_force.tax_name,
        rates_in_force.rate_percent as tax_rate
    from invoice_lines
    inner join customer_taxes on invoice_lines.customer_id = customer_taxes.customer_id
    inner join rates_in_force
        on customer_taxes.tax_code = rates_in_force.tax_code and rates_in_force.recording_rank = 1
    where invoice_lines.original_invoice_number is null
    union all
    select
        invoice_lines.*,
        original_taxes.tax_code,
        original_taxes.tax_name,
        original_taxes.tax_rate
    from invoice_lines
    inner join original_taxes
        on
            invoice_lines.original_invoice_number = original_taxes.invoice_number
            and position(
                ',' || original_taxes.tax_code || ',' in ',' || invoice_lines.original_tax_codes || ','
            ) > 0
),

taxed_lines as (
    select
        document_key,
        line_number,
        currency,
        minor_unit,
        tax_code,
        tax_name,
        tax_rate,
        discounted_amount as taxable_amount,
        cast(discounted_amount * tax_rate * cast('0.01' as decimal(3, 2)) as decimal(38, 21)) as tax_amount_unrounded,
        original_invoice_number is null as is_own_rate
    from line_rates
)

select * from taxed_lines
