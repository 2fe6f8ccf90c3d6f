-- R-COUPON: which customer has which coupon, of the running catalog version, with what the coupon gives.
-- Grain: one row per applied_coupon_id.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

coupons as (
    select
        catalog_version,
        coupon_code,
        coupon_name,
        coupon_type,
        amount,
        currency,
        rate_percent,
        frequency,
        frequency_duration,
        is_per_invoice,
        expires_on
    from {{ source('catalog', 'coupons') }}
),

applied_coupons as (
    select
        catalog_version,
        row_number,
        applied_coupon_id,
        coupon_code,
        customer_id,
        applied_on,
        ended_on,
        used_amount,
        used_periods
    from {{ source('catalog', 'applied_coupons') }}
),

known_to_the_run as (
    select
        applied_coupons.row_number,
        applied_coupons.applied_coupon_id,
        applied_coupons.coupon_code,
        coupons.coupon_name,
        applied_coupons.customer_id,
        applied_coupons.applied_on,
        least(coupons.expires_on, applied_coupons.ended_on) as ends_on,
        coupons.coupon_type,
        coupons.amount,
        coupons.currency,
        coupons.rate_percent,
        coupons.frequency,
        coupons.frequency_duration,
        coalesce(coupons.is_per_invoice, false) as is_per_invoice,
        coalesce(applied_coupons.used_amount, cast(0 as decimal(20, 4))) as used_amount,
        coalesce(applied_coupons.used_periods, 0) as used_periods
    from applied_coupons
    inner join running on applied_coupons.catalog_version = running.catalog_version
    inner join coupons
        on
            applied_coupons.catalog_version = coupons.catalog_version
            and applied_coupons.coupon_code = coupons.coupon_code
)

select * from known_to_the_run
