-- R-CHARGE: the charges that each due usage period bills: of the period's plan, in the row in force on its first local day.
-- Of several rows in force, the last recorded holds: a correction is a new row, never a changed one.
-- Grain: one row per (subscription_id, period_starts_at, charge_code).

with

periods as (
    select subscription_id, external_subscription_id, plan_code, period_starts_at, period_ends_at, period_start_date
    from {{ ref('fct_subscription_periods') }}
    where fee_family = 'usage'
),

charges as (
    select row_number, charge_code, plan_code, metric_code, charge_model, valid_from, valid_to, recorded_at
    from {{ ref('stg_catalog__charges') }}
),

metrics as (
    select metric_code, aggregation_type, coalesce(field_name, '') as field_name
    from {{ ref('stg_catalog__billable_metrics') }}
),

in_force as (
    select
        periods.subscription_id,
        periods.external_subscription_id,
        periods.period_starts_at,
        periods.period_ends_at,
        charges.row_number as charge_row_number,
        charges.charge_code,
        charges.charge_model,
        charges.metric_code,
        row_number() over (
            partition by periods.subscription_id, periods.period_starts_at, charges.charge_code
            order by charges.recorded_at desc, charges.row_number desc
        ) as recording_rank
    from periods
    inner join charges
        on
            periods.plan_code = charges.plan_code
            and periods.period_start_date >= charges.valid_from
            and (periods.period_start_date < charges.valid_to or charges.valid_to is null)
),

with_their_metric as (
    select
        in_force.subscription_id,
        in_force.external_subscription_id,
        in_force.period_starts_at,
        in_force.period_ends_at,
        in_force.charge_row_number,
        in_force.charge_code,
        in_force.charge_model,
        in_force.metric_code,
        metrics.aggregation_type
    from in_force
    inner join metrics on in_force.metric_code = metrics.metric_code
    where in_force.recording_rank = 1
)

select * from with_their_metric
