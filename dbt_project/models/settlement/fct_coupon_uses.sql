-- R-COUPON: what each coupon credits on the invoices of this close, and the slot of the coupon that it used.
-- Grain: one row per (document_key, applied_coupon_id).

with

uses as (
    select
        document_key,
        applied_coupon_id,
        coupon_code,
        coupon_name,
        coupon_rank,
        customer_id,
        currency,
        slot,
        amount
    from {{ ref('int_settlement__coupon_uses') }}
)

select * from uses
