-- A period that is registered more than once: its customer would pay twice.
-- Grain: one row per (subscription_id, fee_family, period_starts_at).

with

periods as (
    select subscription_id, fee_family, period_starts_at, count(*) as registrations
    from issued.billed_periods
    group by subscription_id, fee_family, period_starts_at
)

select * from periods where registrations > 1
