-- R-COUPON: what each coupon credits on the invoices of this close, and the slot of the coupon that it used.
-- Grain: one row per (document_key, applied_coupon_id).

with

shares as (
    select distinct document_key, applied_coupon_id, slot, currency, credit_amount
    from {{ ref('int_settlement__coupon_shares') }}
),

coupons as (
    select applied_coupon_id, coupon_code, coupon_name, coupon_rank, customer_id
    from {{ ref('int_settlement__coupons') }}
),

uses as (
    select
        shares.document_key,
        shares.applied_coupon_id,
        coupons.coupon_code,
        coupons.coupon_name,
        coupons.coupon_rank,
        coupons.customer_id,
        shares.currency,
        shares.slot,
        shares.credit_amount as amount
    from shares
    inner join coupons on shares.applied_coupon_id = coupons.applied_coupon_id
)

select * from uses
