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
    select before.subscription_id, before.period_ends_at, before.amount
    from {{ ref('stg_issued__base_corrections') }} as before
    left join reopened_periods
        on
            before.subscription_id = reopened_periods.subscription_id
            and before.period_ends_at = reopened_periods.period_ends_at
    where reopened_periods.subscription_id is null
),

corrections as (
    select subscription_id, period_ends_at, period_start_date, cast(amount as decimal(20, 4)) as amount
    from of_this_close
    union all
    select subscription_id, period_ends_at, cast(null as date) as period_start_date, amount
    from of_closes_before
)

select * from corrections
