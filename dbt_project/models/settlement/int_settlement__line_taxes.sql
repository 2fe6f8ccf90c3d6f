-- R-TAX: the tax rates that a line carries: those of its customer, in force on the close date. Rates add, never compound.
-- Grain: one row per (document_key, line_number, tax_code).

with

running as (select close_date from {{ ref('stg_control__run') }}),

invoice_lines as (
    select document_key, line_number, customer_id, amount, currency, minor_unit from {{ ref('fct_invoice_lines') }}
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

taxed_lines as (
    select
        invoice_lines.document_key,
        invoice_lines.line_number,
        invoice_lines.currency,
        invoice_lines.minor_unit,
        rates_in_force.tax_code,
        rates_in_force.tax_name,
        rates_in_force.rate_percent as tax_rate,
        invoice_lines.amount as taxable_amount,
        cast(invoice_lines.amount * rates_in_force.rate_percent * cast('0.01' as decimal(3, 2)) as decimal(38, 21))
            as tax_amount_unrounded
    from invoice_lines
    inner join customer_taxes on invoice_lines.customer_id = customer_taxes.customer_id
    inner join rates_in_force
        on customer_taxes.tax_code = rates_in_force.tax_code and rates_in_force.recording_rank = 1
)

select * from taxed_lines
