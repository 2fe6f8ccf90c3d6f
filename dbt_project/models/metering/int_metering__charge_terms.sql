-- R-CHARGE: what a charge row bills: its metric, how that aggregates, and whether hourly sums suffice to measure it.
-- Events are read one by one only where they must be: hourly cells give plain counts and sums.
-- Grain: one row per charge_row_number.

with

charges as (
    select
        row_number as charge_row_number,
        charge_code,
        metric_code,
        charge_model,
        is_pay_in_advance,
        is_prorated,
        pricing_group_keys
    from {{ ref('stg_catalog__charges') }}
),

metrics as (
    select
        metric_code,
        aggregation_type,
        expression,
        is_recurring,
        rounding_function,
        rounding_precision,
        custom_model
    from {{ ref('stg_catalog__billable_metrics') }}
),

-- What brought no amount is in no charge's quantity, so that all charges of such a metric go by the event.
dynamic_metrics as (
    select distinct metric_code
    from charges
    where charge_model = 'dynamic'
),

filtered as (
    select distinct charge_row_number
    from {{ ref('stg_catalog__charge_prices') }}
    where filter_code is not null
),

terms as (
    select
        charges.charge_row_number,
        charges.charge_code,
        charges.charge_model,
        charges.metric_code,
        charges.is_pay_in_advance,
        charges.is_prorated,
        metrics.is_recurring,
        metrics.aggregation_type,
        metrics.expression,
        metrics.rounding_function,
        metrics.rounding_precision,
        metrics.custom_model,
        charges.pricing_group_keys,
        metrics.aggregation_type not in ('count', 'sum')
        or metrics.expression is not null
        or charges.charge_model in ('percentage', 'custom')
        or dynamic_metrics.metric_code is not null
        or filtered.charge_row_number is not null
        or charges.pricing_group_keys is not null
        or charges.is_pay_in_advance
        or charges.is_prorated as needs_events
    from charges
    inner join metrics on charges.metric_code = metrics.metric_code
    left join dynamic_metrics on charges.metric_code = dynamic_metrics.metric_code
    left join filtered on charges.charge_row_number = filtered.charge_row_number
)

select * from terms
