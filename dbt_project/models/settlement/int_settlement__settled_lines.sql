-- R-LINE: the lines of fees with what each was discounted and taxed by.
-- Grain: one row per (document_key, line_number).

with

invoice_lines as (
    select
        document_key,
        line_number,
        line_key,
        customer_id,
        subscription_id,
        fee_type,
        charge_code,
        metric_code,
        filter_code,
        group_key,
        event_id,
        description,
        service_period_start,
        service_period_end,
        quantity,
        unit_amount,
        amount_unrounded,
        amount,
        price_details,
        currency,
        cause,
        original_invoice_number
    from {{ ref('fct_invoice_lines') }}
),

line_coupons as (
    select document_key, line_number, coupon_amount_unrounded, coupon_amount
    from {{ ref('int_settlement__line_coupons') }}
),

line_taxes as (
    select
        document_key,
        line_number,
        {{ join_texts('tax_code', "','", 'tax_code') }} as tax_codes,
        cast(sum(tax_rate) as decimal(9, 5)) as tax_rate
    from {{ ref('int_settlement__line_taxes') }}
    group by document_key, line_number
),

line_evidence as (
    select
        document_key,
        line_number,
        max(tax_evidence) as tax_evidence,
        {{ join_texts(
            "case when certificate is not null then tax_code || ' exempt by certificate ' || certificate end",
            "', '",
            'tax_code'
        ) }} as exemptions
    from {{ ref('int_settlement__line_tax_codes') }}
    group by document_key, line_number
),

settled as (
    select
        invoice_lines.document_key,
        invoice_lines.line_number,
        invoice_lines.line_key,
        invoice_lines.customer_id,
        invoice_lines.subscription_id,
        invoice_lines.fee_type,
        invoice_lines.charge_code,
        invoice_lines.metric_code,
        invoice_lines.filter_code,
        invoice_lines.group_key,
        invoice_lines.event_id,
        invoice_lines.description,
        invoice_lines.service_period_start,
        invoice_lines.service_period_end,
        invoice_lines.quantity,
        invoice_lines.unit_amount,
        invoice_lines.amount_unrounded,
        invoice_lines.amount,
        invoice_lines.price_details,
        coalesce(line_coupons.coupon_amount, cast(0 as decimal(20, 4))) as coupon_amount,
        line_taxes.tax_codes,
        coalesce(line_taxes.tax_rate, cast(0 as decimal(9, 5))) as tax_rate,
        case
            when line_taxes.tax_codes is null and line_evidence.exemptions is null then null
            when invoice_lines.original_invoice_number is not null then 'original_invoice'
            else line_evidence.tax_evidence || coalesce('; ' || line_evidence.exemptions, '')
        end as tax_evidence,
        invoice_lines.currency,
        invoice_lines.cause,
        invoice_lines.original_invoice_number,
        cast(null as integer) as original_line_number,
        coalesce(line_coupons.coupon_amount_unrounded, cast(0 as decimal(38, 12))) as coupon_amount_unrounded
    from invoice_lines
    left join line_coupons
        on
            invoice_lines.document_key = line_coupons.document_key
            and invoice_lines.line_number = line_coupons.line_number
    left join line_taxes
        on invoice_lines.document_key = line_taxes.document_key and invoice_lines.line_number = line_taxes.line_number
    left join line_evidence
        on
            invoice_lines.document_key = line_evidence.document_key
            and invoice_lines.line_number = line_evidence.line_number
)

select * from settled
