-- The usage that the close billed, by UTC day.
-- Grain: one row per (subscription_id, metric_code, usage_date).

with

billed as (select fct_usage_daily.* from metering.fct_usage_daily)

select * from billed
