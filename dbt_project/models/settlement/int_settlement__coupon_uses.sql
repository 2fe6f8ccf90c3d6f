-- R-COUPON: what each coupon credits on the invoices of this close, and the slot of the coupon that it used.
-- Grain: one row per (document_key, applied_coupon_id).

with

shares as (
    select distinct document_key, applied_coupon_id, slot, credit_amount
    from {{ ref('int_settlement__coupon_shares') }}
),

coupons as (
    select applied_coupon_id, coupon_code, coupon_name, coupon_rank, customer_id
    from {{ ref('int_settlement__coupons') }}
),

currencies as (select distinct document_key, currency from {{ ref('fct_invoice_lines') }}),

uses as (
    select
        shares.document_key,
        shares.applied_coupon_id,
        coupons.coupon_code,
        coupons.coupon_name,
        coupons.coupon_rank,
        coupons.customer_id,
        currencies.currency,
        shares.slot,
        shares.credit_amount as amount
    from shares
    inner join coupons on shares.applied_coupon_id = coupons.applied_coupon_id
    inner join currencies on shares.document_key = currencies.document_key
)

select * from uses
