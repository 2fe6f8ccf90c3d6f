-- R-NOTE: less coupons and with tax, each line at its own rates: the fee that an end cuts short, as it was billed, and the part
-- that was used.
-- Grain: one row per (invoice_number, subscription_id).

with

unused_days as (
    select
        invoice_number,
        line_number,
        subscription_id,
        amount,
        tax_rate,
        used_amount_unrounded
    from {{ ref('int_settlement__unused_days') }}
),

issued_lines as (
    select invoice_number, line_number, amount, coupon_amount_unrounded from {{ ref('stg_issued__invoice_lines') }}
),

discounted as (
    select
        unused_days.invoice_number,
        unused_days.subscription_id,
        unused_days.tax_rate,
        cast(
            unused_days.amount - {{ coupon_part(
                'issued_lines.coupon_amount_unrounded',
                'unused_days.amount',
                'issued_lines.amount',
                'unused_days.invoice_number'
            ) }} as decimal(38, 9)
        ) as amount,
        cast(
            unused_days.used_amount_unrounded - {{ coupon_part(
                'issued_lines.coupon_amount_unrounded',
                'unused_days.used_amount_unrounded',
                'issued_lines.amount',
                'unused_days.invoice_number'
            ) }} as decimal(38, 18)
        ) as used_amount_unrounded
    from unused_days
    inner join issued_lines
        on
            unused_days.invoice_number = issued_lines.invoice_number
            and unused_days.line_number = issued_lines.line_number
),

fees as (
    select
        invoice_number,
        subscription_id,
        cast(sum(amount + amount * tax_rate * cast('0.01' as decimal(3, 2))) as decimal(38, 11))
            as fee_with_tax_unrounded,
        cast(
            sum(used_amount_unrounded + used_amount_unrounded * tax_rate * cast('0.01' as decimal(3, 2)))
            as decimal(38, 15)
        ) as used_with_tax_unrounded
    from discounted
    group by invoice_number, subscription_id
)

select * from fees
