-- R-PROGRESSIVE: the fees that count as lifetime usage, charges with their maximums: what stands issued, what this close
-- bills, and what progressive invoices billed of periods that are still open. What policy leaves out is not billed.
-- Grain: one row per fee.

with

standing_lines as (
    select subscription_id, amount, false as is_outstanding
    from {{ ref('int_invoicing__standing_lines') }}
    where fee_type in ('charge', 'charge_in_advance', 'charge_maximum')
),

fees as (
    select subscription_id, amount, false as is_outstanding
    from {{ ref('int_invoicing__fees') }}
    where fee_type in ('charge', 'charge_in_advance', 'charge_maximum')
),

left_out as (
    select subscription_id, cast(0 - difference_amount as decimal(20, 4)) as amount, false as is_outstanding
    from {{ ref('int_invoicing__adjustments') }}
    where handling = 'left_out' and fee_type in ('charge', 'charge_in_advance', 'charge_maximum')
),

outstanding as (
    select subscription_id, amount, true as is_outstanding
    from {{ ref('int_invoicing__outstanding_fees') }}
    where not is_settled_now
),

lifetime_fees as (
    select * from standing_lines
    union all
    select * from fees
    union all
    select * from left_out
    union all
    select * from outstanding
)

select * from lifetime_fees
