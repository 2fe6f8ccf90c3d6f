-- R-NOTE: what stands of a corrected base fee beside what is left of its lines: lines of this close, and what was netted with
-- other fees. Where this close computed the period again, what it found holds.
-- Grain: one row per (subscription_id, period_ends_at).

with

reopened_periods as (
    select subscription_id, period_starts_at, period_ends_at, adjusted_start_date
    from {{ ref('fct_reopened_periods') }}
    where fee_family = 'base'
),

adjustments as (
    select subscription_id, period_starts_at, difference_amount from {{ ref('fct_adjustments') }}
    where fee_family = 'base' and handling <> 'left_out'
),

of_this_close as (
    select
        reopened_periods.subscription_id,
        reopened_periods.period_ends_at,
        min(reopened_periods.adjusted_start_date) as period_start_date,
        sum(adjustments.difference_amount) as amount
    from reopened_periods
    inner join adjustments
        on
            reopened_periods.subscription_id = adjustments.subscription_id
            and reopened_periods.period_starts_at = adjustments.period_starts_at
    group by reopened_periods.subscription_id, reopened_periods.period_ends_at
),

of_closes_before as (
    select subscription_id, period_ends_at, amount
    from {{ ref('stg_issued__base_corrections') }}
),

corrections as (
    select
        coalesce(of_this_close.subscription_id, of_closes_before.subscription_id) as subscription_id,
        coalesce(of_this_close.period_ends_at, of_closes_before.period_ends_at) as period_ends_at,
        of_this_close.period_start_date,
        cast(coalesce(of_this_close.amount, of_closes_before.amount) as decimal(20, 4)) as amount
    from of_this_close
    full outer join of_closes_before
        on
            of_this_close.subscription_id = of_closes_before.subscription_id
            and of_this_close.period_ends_at = of_closes_before.period_ends_at
)

select * from corrections
