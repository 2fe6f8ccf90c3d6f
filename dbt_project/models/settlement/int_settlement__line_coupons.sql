-- R-COUPON: what coupons take off each line: exactly, as its tax counts it, and in minor units. What rounding leaves goes on from
-- line to line, so that the lines of this period add up to the coupons that are used, and corrections to what they bear.
-- Grain: one row per (document_key, line_number).

with

invoice_lines as (
    select document_key, line_number, minor_unit, original_invoice_number is null as uses_coupons
    from {{ ref('fct_invoice_lines') }}
),

shares as (
    select document_key, line_number, share_amount_unrounded
    from {{ ref('int_settlement__coupon_shares') }}
    union all
    select document_key, line_number, share_amount_unrounded
    from {{ ref('int_settlement__adjustment_shares') }}
),

line_shares as (
    select
        document_key,
        line_number,
        cast(sum(share_amount_unrounded) as decimal(38, 12)) as coupon_amount_unrounded
    from shares
    group by document_key, line_number
),

discounted_documents as (select distinct document_key from shares),

line_coupons as (
    select
        invoice_lines.document_key,
        invoice_lines.line_number,
        coalesce(line_shares.coupon_amount_unrounded, cast(0 as decimal(38, 12))) as coupon_amount_unrounded,
        {{ rounded_in_turn(
            'coalesce(line_shares.coupon_amount_unrounded, 0)',
            'invoice_lines.minor_unit',
            'invoice_lines.document_key, invoice_lines.uses_coupons',
            'invoice_lines.line_number'
        ) }} as coupon_amount
    from invoice_lines
    inner join discounted_documents on invoice_lines.document_key = discounted_documents.document_key
    left join line_shares
        on
            invoice_lines.document_key = line_shares.document_key
            and invoice_lines.line_number = line_shares.line_number
)

select * from line_coupons
