-- R-TOTAL: fees, less progressive credit and coupons, plus tax: what an invoice comes to before notes and wallets.
-- Grain: one row per document_key.

with

invoice_lines as (
    select
        document_key,
        invoice_type,
        customer_id,
        payer_customer_id,
        billing_entity_code,
        currency,
        minor_unit,
        fee_type,
        amount
    from {{ ref('fct_invoice_lines') }}
),

document_fees as (
    select
        document_key,
        invoice_type,
        case when min(customer_id) = max(customer_id) then min(customer_id) end as customer_id,
        payer_customer_id,
        billing_entity_code,
        currency,
        minor_unit,
        cast(sum(case when fee_type <> 'progressive_credit' then amount else 0 end) as decimal(20, 4)) as fees_amount,
        cast(sum(case when fee_type = 'progressive_credit' then 0 - amount else 0 end) as decimal(20, 4))
            as progressive_credit_amount,
        count(*) as line_count
    from invoice_lines
    group by document_key, invoice_type, payer_customer_id, billing_entity_code, currency, minor_unit
),

document_taxes as (
    select
        document_key,
        cast(sum(tax_amount) as decimal(20, 4)) as tax_amount,
        cast(sum(tax_amount_unrounded) as decimal(38, 21)) as tax_amount_unrounded
    from {{ ref('int_settlement__taxes') }}
    group by document_key
),

document_rates as (
    select
        document_key,
        sum(tax_rate) as tax_rate
    from {{ ref('int_settlement__line_taxes') }}
    group by document_key
),

document_coupons as (
    select
        document_key,
        sum(coupon_amount) as coupon_amount
    from {{ ref('int_settlement__line_coupons') }}
    group by document_key
),

totals as (
    select
        document_fees.document_key,
        document_fees.invoice_type,
        document_fees.customer_id,
        document_fees.payer_customer_id,
        document_fees.billing_entity_code,
        document_fees.currency,
        document_fees.minor_unit,
        document_fees.fees_amount,
        document_fees.progressive_credit_amount,
        cast(coalesce(document_coupons.coupon_amount, 0) as decimal(20, 4)) as coupon_amount,
        coalesce(document_taxes.tax_amount, cast(0 as decimal(20, 4))) as tax_amount,
        {{ effective_tax_rate(
            'coalesce(document_taxes.tax_amount_unrounded, 0)',
            'document_fees.fees_amount - document_fees.progressive_credit_amount'
            ~ ' - coalesce(document_coupons.coupon_amount, 0)',
            'coalesce(document_rates.tax_rate, 0)',
            'document_fees.line_count'
        ) }} as effective_tax_rate,
        {{ value_or_error(
            null_on_overflow(
                'cast(document_fees.fees_amount - document_fees.progressive_credit_amount'
                ~ ' - coalesce(document_coupons.coupon_amount, 0) + coalesce(document_taxes.tax_amount, 0)'
                ~ ' as decimal(20, 4))'
            ),
            "'The total of ' || document_fees.document_key || ' has more than 16 digits before the point.'",
            'decimal(20, 4)'
        ) }} as total_amount
    from document_fees
    left join document_rates on document_fees.document_key = document_rates.document_key
    left join document_coupons on document_fees.document_key = document_coupons.document_key
    left join document_taxes on document_fees.document_key = document_taxes.document_key
)

select * from totals
