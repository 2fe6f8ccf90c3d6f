-- R-BASE: the plan amount of each due base period, by its inclusive local days out of the whole period's.
-- The plan row in force on the period's first local day decides; of several, the last recorded holds.
-- Grain: one row per (subscription_id, period_starts_at).

with

periods as (
    select subscription_id, plan_code, period_starts_at, period_ends_at, period_start_date, days, period_days
    from {{ ref('fct_subscription_periods') }}
    where fee_family = 'base'
),

plans as (
    select row_number, plan_code, plan_name, amount, valid_from, valid_to, recorded_at
    from {{ ref('stg_catalog__plans') }}
),

in_force as (
    select
        periods.subscription_id,
        periods.period_starts_at,
        periods.period_ends_at,
        periods.days,
        periods.period_days,
        plans.row_number as plan_row_number,
        plans.plan_name,
        plans.amount as plan_amount,
        row_number() over (
            partition by periods.subscription_id, periods.period_starts_at
            order by plans.recorded_at desc, plans.row_number desc
        ) as recording_rank
    from periods
    inner join plans
        on
            periods.plan_code = plans.plan_code
            and periods.period_start_date >= plans.valid_from
            and (periods.period_start_date < plans.valid_to or plans.valid_to is null)
),

base_fees as (
    select
        subscription_id,
        period_starts_at,
        period_ends_at,
        plan_name as description,
        {{ prorated_amount('plan_amount', 'days', 'period_days') }} as amount_unrounded,
        '{"model":"subscription","plan_amount":"' || {{ decimal_text('plan_amount') }}
        || '","days":"' || cast(days as varchar)
        || '","period_days":"' || cast(period_days as varchar) || '"}' as price_details
    from in_force
    where recording_rank = 1
)

select * from base_fees
