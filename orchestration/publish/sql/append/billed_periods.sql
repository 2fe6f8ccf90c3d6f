-- The periods that the close registers, those that bill nothing too.
-- Grain: one row per (subscription_id, fee_family, period_starts_at).

with

publishing as (select close_sequence from temp.publishing),

registered as (
    select fct_billed_periods.*, publishing.close_sequence
    from invoicing.fct_billed_periods
    cross join publishing
)

select * from registered
