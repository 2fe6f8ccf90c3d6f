-- R-UNITS: a period that is computed again keeps the units that it drew, laid over its parts anew in the order of parts and
-- lots, and never draws more. What its parts no longer need is not here: it goes back, from the last lot first.
-- Grain: one row per (customer_id, metric_code, part_number, lot_id).

with

pools as (
    select
        subscription_id,
        metric_code,
        adjusted_starts_at,
        lot_id,
        wallet_id,
        lot_kind,
        min(draw_number) as draw_number,
        sum(units) as units
    from {{ ref('int_rating__reopened_draws') }}
    group by subscription_id, metric_code, adjusted_starts_at, lot_id, wallet_id, lot_kind
),

laid_pools as (
    select
        pools.*,
        sum(units) over (
            partition by subscription_id, metric_code, adjusted_starts_at
            order by draw_number, lot_id
            rows between unbounded preceding and current row
        ) as ends_at_units
    from pools
),

laid_parts as (
    select
        customer_id,
        subscription_id,
        metric_code,
        period_starts_at,
        part_number,
        units,
        sum(units) over (
            partition by subscription_id, metric_code, period_starts_at
            order by part_number
            rows between unbounded preceding and current row
        ) as ends_at_units
    from {{ ref('int_rating__unit_parts') }}
    where is_reopened
),

overlapping as (
    select
        laid_parts.customer_id,
        laid_parts.metric_code,
        laid_parts.part_number,
        laid_pools.lot_id,
        laid_pools.wallet_id,
        laid_pools.lot_kind,
        laid_pools.draw_number,
        cast(
            least(laid_parts.ends_at_units, laid_pools.ends_at_units)
            - greatest(
                laid_parts.ends_at_units - laid_parts.units, laid_pools.ends_at_units - laid_pools.units
            ) as decimal(38, 9)
        ) as units
    from laid_parts
    inner join laid_pools
        on
            laid_parts.subscription_id = laid_pools.subscription_id
            and laid_parts.metric_code = laid_pools.metric_code
            and laid_parts.period_starts_at = laid_pools.adjusted_starts_at
),

kept as (
    select * from overlapping
    where units > 0
)

select * from kept
