-- R-NOTE: with tax, each line at its own rates: the fee that an end cuts short, as it was billed, and the part that was used.
-- Grain: one row per (invoice_number, subscription_id).

with

unused_days as (
    select
        invoice_number,
        subscription_id,
        amount,
        tax_rate,
        cast(used_amount_unrounded as decimal(38, 18)) as used_amount_unrounded
    from {{ ref('int_settlement__unused_days') }}
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
    from unused_days
    group by invoice_number, subscription_id
)

select * from fees
