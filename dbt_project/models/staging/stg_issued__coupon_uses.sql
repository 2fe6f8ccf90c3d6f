-- R-COUPON: what invoices of earlier closes were discounted by coupons, in publications that are visible.
-- Grain: one row per (document_key, applied_coupon_id).

with

publications as (select publication_sequence from {{ ref('stg_issued__publications') }}),

coupon_uses as (
    select publication_sequence, document_key, applied_coupon_id, slot, amount
    from {{ source('issued', 'coupon_uses') }}
),

visible_before_the_run as (
    select
        coupon_uses.document_key,
        coupon_uses.applied_coupon_id,
        coupon_uses.slot,
        coupon_uses.amount
    from coupon_uses
    inner join publications on coupon_uses.publication_sequence = publications.publication_sequence
)

select * from visible_before_the_run
