-- R-COUPON: the share of coupons that adjustment lines bear: what the fee that they correct bore of its amount; a fee without a
-- line of its own on that invoice, what the invoice's own lines bore together. They use no coupon.
-- Grain: one row per (document_key, line_number).

with

adjustment_lines as (
    select
        document_key,
        line_number,
        line_key,
        amount,
        original_invoice_number
    from {{ ref('fct_invoice_lines') }}
    where original_invoice_number is not null
),

-- Nothing else of what was ever issued is read.
corrected_invoices as (select distinct original_invoice_number as invoice_number from adjustment_lines),

issued_lines as (
    select
        lines.invoice_number,
        {{ compared_key('lines', 'service_period_start') }} as compared_key,
        lines.amount,
        lines.coupon_amount_unrounded
    from {{ ref('stg_issued__invoice_lines') }} as lines
    inner join corrected_invoices on lines.invoice_number = corrected_invoices.invoice_number
    where lines.original_invoice_number = lines.invoice_number
),

fee_shares as (
    select
        invoice_number,
        compared_key,
        sum(amount) as amount,
        sum(coupon_amount_unrounded) as coupon_amount_unrounded
    from issued_lines
    group by invoice_number, compared_key
    having sum(amount) > 0
),

invoice_shares as (
    select
        invoice_number,
        sum(amount) as amount,
        sum(coupon_amount_unrounded) as coupon_amount_unrounded
    from issued_lines
    group by invoice_number
    having sum(amount) > 0 and sum(coupon_amount_unrounded) > 0
),

shares as (
    select
        adjustment_lines.document_key,
        adjustment_lines.line_number,
        {{ coupon_share(
            'coalesce(fee_shares.coupon_amount_unrounded, invoice_shares.coupon_amount_unrounded)',
            'adjustment_lines.amount',
            'coalesce(fee_shares.amount, invoice_shares.amount)',
            'adjustment_lines.document_key'
        ) }} as share_amount_unrounded
    from adjustment_lines
    inner join invoice_shares on adjustment_lines.original_invoice_number = invoice_shares.invoice_number
    left join fee_shares
        on
            adjustment_lines.original_invoice_number = fee_shares.invoice_number
            and substr(adjustment_lines.line_key, 23) = fee_shares.compared_key
)

select * from shares
