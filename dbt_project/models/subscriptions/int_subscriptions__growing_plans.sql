-- R-PROGRESSIVE: the plans that have thresholds, and whether what a period comes to may grow on a day without usage: by
-- time (weighted sums and metrics of own SQL), from its first day on (what recurring metrics carry over), or by flat amounts.
-- Grain: one row per plan_code that has thresholds.

with

progressive_plans as (select distinct plan_code from {{ ref('stg_catalog__usage_thresholds') }}),

charges as (select row_number, plan_code, metric_code from {{ ref('stg_catalog__charges') }}),

growing_metrics as (
    select metric_code from {{ ref('stg_catalog__billable_metrics') }}
    where is_recurring or aggregation_type in ('weighted_sum', 'custom')
),

flat_charges as (
    select distinct charge_row_number from {{ ref('stg_catalog__charge_tiers') }}
    where flat_amount > 0
),

growing_plans as (
    select
        progressive_plans.plan_code,
        count(growing_metrics.metric_code) + count(flat_charges.charge_row_number) > 0 as is_looked_at_daily
    from progressive_plans
    left join charges on progressive_plans.plan_code = charges.plan_code
    left join growing_metrics on charges.metric_code = growing_metrics.metric_code
    left join flat_charges on charges.row_number = flat_charges.charge_row_number
    group by progressive_plans.plan_code
)

select * from growing_plans
