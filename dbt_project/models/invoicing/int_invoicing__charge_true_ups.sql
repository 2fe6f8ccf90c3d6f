-- R-MINIMUM: what a charge's fees of a period fall short of its minimum, prorated by days, is a fee of its own.
-- The shortfall is against the sum of the rounded fees, so that charge and true-up together are the rounded minimum.
-- Grain: one row per (subscription_id, charge_code, period_starts_at).

with

billable_charges as (
    select
        subscription_id,
        period_starts_at,
        period_ends_at,
        charge_code,
        segment_start_date,
        segment_end_date,
        segment_starts_at,
        period_days,
        is_due,
        is_pay_in_advance,
        charge_row_number,
        metric_code
    from {{ ref('fct_billable_charges') }}
    where is_due and not is_pay_in_advance
),

-- The last segment's row names the true-up.
ordered as (
    select
        billable_charges.*,
        last_value(charge_row_number) over each_period as last_row_number,
        last_value(metric_code) over each_period as last_metric_code
    from billable_charges
    window each_period as (
        partition by subscription_id, charge_code, period_starts_at
        order by segment_starts_at
        rows between unbounded preceding and unbounded following
    )
),

charges as (select row_number, minimum_amount from {{ ref('stg_catalog__charges') }}),

arrears_fees as (
    select
        subscription_id,
        charge_code,
        period_starts_at,
        sum(amount) as amount
    from {{ ref('int_invoicing__arrears_fees') }}
    group by subscription_id, charge_code, period_starts_at
),

subscriptions as (select subscription_id, minor_unit from {{ ref('dim_subscriptions') }}),

minimums as (
    select
        ordered.subscription_id,
        ordered.charge_code,
        ordered.period_starts_at,
        ordered.period_ends_at,
        max(ordered.last_row_number) as charge_row_number,
        max(ordered.last_metric_code) as metric_code,
        ordered.period_days,
        cast(
            sum(
                coalesce(charges.minimum_amount, 0)
                * {{ days_between('ordered.segment_start_date', 'ordered.segment_end_date') }}
            ) as decimal(38, 4)
        ) as minimum_days_amount
    from ordered
    inner join charges on ordered.charge_row_number = charges.row_number
    group by
        ordered.subscription_id,
        ordered.charge_code,
        ordered.period_starts_at,
        ordered.period_ends_at,
        ordered.period_days
    having sum(charges.minimum_amount) > 0
),

-- Over all its segments at once: amounts times days are added first, and divided once.
prorated_minimums as (
    select
        minimums.*,
        {{ prorated_amount('minimum_days_amount', 1, 'period_days') }} as minimum_unrounded
    from minimums
),

shortfalls as (
    select
        minimums.*,
        coalesce(arrears_fees.amount, 0) as fees_amount,
        cast(minimums.minimum_unrounded - coalesce(arrears_fees.amount, 0) as decimal(38, 21)) as amount_unrounded,
        subscriptions.minor_unit
    from prorated_minimums as minimums
    inner join subscriptions on minimums.subscription_id = subscriptions.subscription_id
    left join arrears_fees
        on
            minimums.subscription_id = arrears_fees.subscription_id
            and minimums.charge_code = arrears_fees.charge_code
            and minimums.period_starts_at = arrears_fees.period_starts_at
),

true_ups as (
    select
        subscription_id,
        charge_code,
        period_starts_at,
        period_ends_at,
        charge_row_number,
        metric_code,
        amount_unrounded,
        {{ round_to_minor_unit('amount_unrounded', 'minor_unit') }} as amount,
        '{"model":"minimum","minimum_amount":"' || {{ decimal_text('minimum_unrounded') }}
        || '","fees_amount":"' || {{ decimal_text('cast(fees_amount as decimal(38, 4))') }} || '"}' as price_details
    from shortfalls
    where amount_unrounded > 0
)

select * from true_ups
