-- R-COUPON: the lines of this close's invoices, each with what coupons leave of it, exactly, as its tax counts it.
-- Grain: one row per (document_key, line_number).

with

invoice_lines as (
    select
        document_key,
        line_number,
        payer_customer_id,
        billing_entity_code,
        fee_type,
        metric_code,
        service_period_start,
        amount,
        currency,
        minor_unit
    from {{ ref('fct_invoice_lines') }}
),

line_coupons as (
    select document_key, line_number, coupon_amount_unrounded from {{ ref('int_settlement__line_coupons') }}
),

discounted as (
    select
        invoice_lines.*,
        cast(invoice_lines.amount - coalesce(line_coupons.coupon_amount_unrounded, 0) as decimal(38, 12))
            as discounted_amount
    from invoice_lines
    left join line_coupons
        on
            invoice_lines.document_key = line_coupons.document_key
            and invoice_lines.line_number = line_coupons.line_number
)

select * from discounted
