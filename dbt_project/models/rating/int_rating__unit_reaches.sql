-- R-UNITS: how far each lot of units can pay, on the line on which the parts of usage lie end to end: its own units and those of
-- its step before it, and no further than the last part that began before it expires.
-- Grain: one row per lot_id.

with

lots as (
    select
        lot_id,
        wallet_id,
        lot_kind,
        customer_id,
        metric_code,
        drawing_rank,
        drawing_step,
        coalesce(expires_at, timestamp '9999-01-01 00:00:00') as cut_at,
        sum(available_units) over (
            partition by customer_id, metric_code, drawing_step
            order by drawing_rank
            rows between unbounded preceding and current row
        ) as step_units
    from {{ ref('int_rating__unit_lots') }}
    where drawing_step is not null
),

parts as (
    select customer_id, metric_code, segment_starts_at, ends_at_units
    from {{ ref('int_rating__unit_parts') }}
    where not is_reopened
),

reaches as (
    select
        lots.lot_id,
        lots.wallet_id,
        lots.lot_kind,
        lots.customer_id,
        lots.metric_code,
        lots.drawing_rank,
        lots.drawing_step,
        lots.step_units,
        coalesce(max(parts.ends_at_units), 0) as reach_units
    from lots
    left join parts
        on
            lots.customer_id = parts.customer_id
            and lots.metric_code = parts.metric_code
            and lots.cut_at > parts.segment_starts_at
    group by
        lots.lot_id,
        lots.wallet_id,
        lots.lot_kind,
        lots.customer_id,
        lots.metric_code,
        lots.drawing_rank,
        lots.drawing_step,
        lots.step_units
)

select * from reaches
