-- R-COUPON: the plans or metrics that coupons are limited to, of the running catalog version.
-- Grain: one row per row_number.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

coupon_targets as (
    select catalog_version, row_number, coupon_code, plan_code, metric_code
    from {{ source('catalog', 'coupon_targets') }}
),

known_to_the_run as (
    select
        coupon_targets.row_number,
        coupon_targets.coupon_code,
        coupon_targets.plan_code,
        coupon_targets.metric_code
    from coupon_targets
    inner join running on coupon_targets.catalog_version = running.catalog_version
)

select * from known_to_the_run
