-- R-CHARGE: the parts of charges that each measured period bills: those that have begun.
-- Grain: one row per (subscription_id, period_starts_at, charge_code, segment_starts_at).

with

charge_segments as (select * from {{ ref('int_metering__charge_segments') }}),

billable_charges as (
    select * from charge_segments
    where has_begun
)

select * from billable_charges
