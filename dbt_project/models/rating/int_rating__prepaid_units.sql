-- R-UNITS: how many units of each part of usage are prepaid, and how many of the parts of the same charge before it.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at).

with

draws as (
    select customer_id, metric_code, part_number, units
    from {{ ref('int_rating__unit_draws') }}
    union all
    select customer_id, metric_code, part_number, units
    from {{ ref('int_rating__kept_units') }}
),

drawn as (
    select
        customer_id,
        metric_code,
        part_number,
        sum(units) as units
    from draws
    group by customer_id, metric_code, part_number
),

prepaid as (
    select
        parts.subscription_id,
        parts.charge_code,
        parts.filter_code,
        parts.group_key,
        parts.period_starts_at,
        parts.segment_starts_at,
        cast(coalesce(drawn.units, 0) as decimal(38, 9)) as prepaid_units,
        cast(
            coalesce(
                sum(drawn.units) over (
                    partition by parts.measure_key
                    order by parts.segment_starts_at
                    rows between unbounded preceding and 1 preceding
                ), 0
            ) as decimal(38, 9)
        ) as prepaid_units_before
    from {{ ref('int_rating__unit_parts') }} as parts
    left join drawn
        on
            parts.customer_id = drawn.customer_id
            and parts.metric_code = drawn.metric_code
            and parts.part_number = drawn.part_number
)

select * from prepaid
