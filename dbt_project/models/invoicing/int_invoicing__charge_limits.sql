-- R-MINIMUM: what a charge's fees of a period lack to its minimum is a fee of its own; what exceeds its maximum, one below 0.
-- Both limits are prorated by days and held against the sum of the rounded fees, so that no cent is off by a sum of roundings.
-- A period that is still open has no minimum yet.
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
        charge_row_number,
        metric_code
    from {{ ref('fct_billable_charges') }}
    where not is_pay_in_advance
),

-- The last segment's row names the fee.
ordered as (
    select
        billable_charges.*,
        {{ days_between('segment_start_date', 'segment_end_date') }} as days,
        last_value(charge_row_number) over each_period as last_row_number,
        last_value(metric_code) over each_period as last_metric_code
    from billable_charges
    window each_period as (
        partition by subscription_id, charge_code, period_starts_at
        order by segment_starts_at
        rows between unbounded preceding and unbounded following
    )
),

charges as (select row_number, minimum_amount, maximum_amount from {{ ref('stg_catalog__charges') }}),

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

-- A part without a minimum adds none; a part without a maximum leaves the whole period without.
limits as (
    select
        ordered.subscription_id,
        ordered.charge_code,
        ordered.period_starts_at,
        ordered.period_ends_at,
        max(ordered.last_row_number) as charge_row_number,
        max(ordered.last_metric_code) as metric_code,
        ordered.period_days,
        ordered.is_due,
        cast(sum(coalesce(charges.minimum_amount, 0) * ordered.days) as decimal(38, 4)) as minimum_days_amount,
        case
            when count(*) = count(charges.maximum_amount)
                then cast(sum(charges.maximum_amount * ordered.days) as decimal(38, 4))
        end as maximum_days_amount
    from ordered
    inner join charges on ordered.charge_row_number = charges.row_number
    group by
        ordered.subscription_id,
        ordered.charge_code,
        ordered.period_starts_at,
        ordered.period_ends_at,
        ordered.period_days,
        ordered.is_due
    having sum(charges.minimum_amount) > 0 or count(*) = count(charges.maximum_amount)
),

-- Over all its segments at once: amounts times days are added first, and divided once.
prorated_limits as (
    select
        limits.*,
        {{ prorated_amount('minimum_days_amount', 1, 'period_days') }} as minimum_unrounded,
        {{ prorated_amount('maximum_days_amount', 1, 'period_days') }} as maximum_unrounded
    from limits
),

differences as (
    select
        limits.*,
        limits.is_due and limits.minimum_days_amount > 0
        and coalesce(arrears_fees.amount, 0) < limits.minimum_unrounded as is_true_up,
        coalesce(arrears_fees.amount, 0) as fees_amount
    from prorated_limits as limits
    left join arrears_fees
        on
            limits.subscription_id = arrears_fees.subscription_id
            and limits.charge_code = arrears_fees.charge_code
            and limits.period_starts_at = arrears_fees.period_starts_at
),

fees as (
    select
        subscription_id,
        case when is_true_up then 'charge_true_up' else 'charge_maximum' end as fee_type,
        charge_code,
        period_starts_at,
        period_ends_at,
        is_due,
        charge_row_number,
        metric_code,
        cast(
            case when is_true_up then minimum_unrounded else maximum_unrounded end - fees_amount as decimal(38, 21)
        ) as amount_unrounded,
        case
            when is_true_up then '{"model":"minimum","minimum_amount":"' || {{ decimal_text('minimum_unrounded') }}
            else '{"model":"maximum","maximum_amount":"' || {{ decimal_text('maximum_unrounded') }}
        end || '","fees_amount":"' || {{ decimal_text('cast(fees_amount as decimal(38, 4))') }} || '"}' as price_details
    from differences
    where is_true_up or fees_amount > maximum_unrounded
),

rounded as (
    select
        fees.*,
        {{ round_to_minor_unit('fees.amount_unrounded', 'subscriptions.minor_unit') }} as amount
    from fees
    inner join subscriptions on fees.subscription_id = subscriptions.subscription_id
)

select * from rounded
where amount <> 0
