-- R-AGG: the daily usage of a subscription and metric adds up to the quantities that were billed for it.
-- So sums of single events, by filter and group and part of a period, meet the hourly sums that ingest made.
-- Grain: one row per (subscription_id, metric_code) whose sums differ.

with

dynamic_charges as (
    select metric_code
    from {{ ref('stg_catalog__charges') }}
    where charge_model = 'dynamic'
),

-- What is rounded, carried over or priced by another amount of the event is no plain sum of the period's events.
plain_metrics as (
    select metric_code
    from {{ ref('stg_catalog__billable_metrics') }}
    where
        aggregation_type in ('count', 'sum')
        and expression is null
        and rounding_function is null
        and not is_recurring
        and metric_code not in (select metric_code from dynamic_charges)
),

billable_charges as (
    select
        subscription_id,
        metric_code,
        charge_code,
        period_starts_at,
        days,
        is_pay_in_advance,
        {{ days_between('segment_start_date', 'segment_end_date') }} as segment_days
    from {{ ref('fct_billable_charges') }}
    where is_due and subscription_id not in (select subscription_id from {{ ref('fct_reopened_periods') }})
),

metric_days as (
    select
        subscription_id,
        metric_code,
        sum(days) as days
    from (select distinct subscription_id, metric_code, period_starts_at, days from billable_charges) as periods
    group by subscription_id, metric_code
),

-- A charge that begins, ends or turns to another metric inside a period bills only a part of what the days hold.
whole_charges as (
    select
        billable_charges.subscription_id,
        billable_charges.metric_code,
        billable_charges.charge_code
    from billable_charges
    inner join metric_days
        on
            billable_charges.subscription_id = metric_days.subscription_id
            and billable_charges.metric_code = metric_days.metric_code
    where not billable_charges.is_pay_in_advance
    group by
        billable_charges.subscription_id,
        billable_charges.metric_code,
        billable_charges.charge_code,
        metric_days.days
    having sum(billable_charges.segment_days) = metric_days.days
),

-- Open periods are measured too, where thresholds may bill them.
due_periods as (select distinct subscription_id, period_starts_at from billable_charges),

billed as (
    select
        quantities.subscription_id,
        quantities.metric_code,
        quantities.charge_code,
        sum(case when quantities.point_number = 0 then -quantities.quantity else quantities.quantity end) as quantity
    from {{ ref('fct_usage_quantities') }} as quantities
    inner join plain_metrics on quantities.metric_code = plain_metrics.metric_code
    inner join whole_charges
        on
            quantities.subscription_id = whole_charges.subscription_id
            and quantities.metric_code = whole_charges.metric_code
            and quantities.charge_code = whole_charges.charge_code
    inner join due_periods
        on
            quantities.subscription_id = due_periods.subscription_id
            and quantities.period_starts_at = due_periods.period_starts_at
    where not quantities.is_pay_in_advance
    group by quantities.subscription_id, quantities.metric_code, quantities.charge_code
),

daily as (
    select
        subscription_id,
        metric_code,
        sum(quantity) as quantity
    from {{ ref('fct_usage_daily') }}
    group by subscription_id, metric_code
)

select
    billed.subscription_id,
    billed.metric_code,
    billed.charge_code,
    billed.quantity as billed_quantity,
    daily.quantity as daily_quantity
from billed
left join daily on billed.subscription_id = daily.subscription_id and billed.metric_code = daily.metric_code
where billed.quantity <> coalesce(daily.quantity, 0)
