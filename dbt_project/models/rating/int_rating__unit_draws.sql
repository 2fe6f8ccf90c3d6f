-- R-UNITS: what each lot of units pays of each part of usage that this close bills first. The parts lie end to end, what began
-- first in front, and each lot pays on from where the one before it stopped: as far as its units reach, but not beyond the
-- last part that began before it expires. In a step of drawing the soonest expiry comes first.
-- Grain: one row per (customer_id, metric_code, part_number, lot_id).

{%- set steps = range(1, 9) %}

with

reaches as (select * from {{ ref('int_rating__unit_reaches') }}),

paid_before_1 as (
    select distinct customer_id, metric_code, cast(0 as decimal(38, 9)) as units
    from reaches
),
{% for step in steps %}
    paid_through_{{ step }} as (
        select
            reaches.customer_id,
            reaches.metric_code,
            reaches.lot_id,
            least(
                paid_before.units + reaches.step_units,
                reaches.step_units + min(greatest(reaches.reach_units, paid_before.units) - reaches.step_units) over (
                    partition by reaches.customer_id, reaches.metric_code
                    order by reaches.drawing_rank
                    rows between unbounded preceding and current row
                )
            ) as units
        from reaches
        inner join paid_before_{{ step }} as paid_before
            on reaches.customer_id = paid_before.customer_id and reaches.metric_code = paid_before.metric_code
        where reaches.drawing_step = {{ step }}
    ),

    paid_before_{{ step + 1 }} as (
        select
            paid_before.customer_id,
            paid_before.metric_code,
            cast(greatest(paid_before.units, coalesce(max(paid_through.units), 0)) as decimal(38, 9)) as units
        from paid_before_{{ step }} as paid_before
        left join paid_through_{{ step }} as paid_through
            on
                paid_before.customer_id = paid_through.customer_id
                and paid_before.metric_code = paid_through.metric_code
        group by paid_before.customer_id, paid_before.metric_code, paid_before.units
    ),
{% endfor %}
paid_through as (
    {% for step in steps %}
        select lot_id, units from paid_through_{{ step }}{% if not loop.last %}
            union all{% endif %}
    {% endfor %}
),

spans as (
    select
        reaches.lot_id,
        reaches.wallet_id,
        reaches.lot_kind,
        reaches.customer_id,
        reaches.metric_code,
        reaches.drawing_rank,
        coalesce(
            lag(paid_through.units) over (
                partition by reaches.customer_id, reaches.metric_code order by reaches.drawing_rank
            ), 0
        ) as starts_at_units,
        paid_through.units as ends_at_units
    from reaches
    inner join paid_through on reaches.lot_id = paid_through.lot_id
),

draws as (
    select
        parts.customer_id,
        parts.metric_code,
        parts.part_number,
        spans.lot_id,
        spans.wallet_id,
        spans.lot_kind,
        spans.drawing_rank as draw_number,
        cast(
            least(parts.ends_at_units, spans.ends_at_units)
            - greatest(parts.ends_at_units - parts.units, spans.starts_at_units) as decimal(38, 9)
        ) as units
    from {{ ref('int_rating__unit_parts') }} as parts
    inner join spans
        on
            parts.customer_id = spans.customer_id
            and parts.metric_code = spans.metric_code
            and parts.ends_at_units - parts.units < spans.ends_at_units
            and parts.ends_at_units > spans.starts_at_units
    where not parts.is_reopened and parts.units > 0 and spans.ends_at_units > spans.starts_at_units
)

select * from draws
