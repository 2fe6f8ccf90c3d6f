-- R-UNITS: which units each lot pays of each fee, before the rest is rated; of periods that are computed again what differs from
-- what they drew: below 0 it goes back to its lot.
-- Grain: one row per (line_key, lot_id).

with

parts as (select * from {{ ref('int_rating__unit_parts') }}),

draws_of_parts as (
    select customer_id, metric_code, part_number, lot_id, wallet_id, lot_kind, draw_number, units
    from {{ ref('int_rating__unit_draws') }}
    union all
    select customer_id, metric_code, part_number, lot_id, wallet_id, lot_kind, draw_number, units
    from {{ ref('int_rating__kept_units') }}
),

draws as (
    select
        {{ line_key('parts', "'charge'") }} as line_key,
        draws_of_parts.lot_id,
        draws_of_parts.wallet_id,
        draws_of_parts.lot_kind,
        parts.customer_id,
        parts.subscription_id,
        parts.charge_code,
        parts.filter_code,
        parts.group_key,
        parts.metric_code,
        parts.segment_starts_at as service_period_start,
        draws_of_parts.draw_number,
        parts.is_reopened,
        draws_of_parts.units
    from draws_of_parts
    inner join parts
        on
            draws_of_parts.customer_id = parts.customer_id
            and draws_of_parts.metric_code = parts.metric_code
            and draws_of_parts.part_number = parts.part_number
    union all
    select
        line_key,
        lot_id,
        wallet_id,
        lot_kind,
        customer_id,
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        metric_code,
        service_period_start,
        draw_number,
        true as is_reopened,
        0 - units as units
    from {{ ref('int_rating__reopened_draws') }}
),

differences as (
    select
        line_key,
        lot_id,
        wallet_id,
        lot_kind,
        customer_id,
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        metric_code,
        service_period_start,
        cast(min(draw_number) as integer) as draw_number,
        is_reopened as is_adjustment,
        cast(sum(units) as decimal(38, 9)) as units
    from draws
    group by
        line_key,
        lot_id,
        wallet_id,
        lot_kind,
        customer_id,
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        metric_code,
        service_period_start,
        is_reopened
    having sum(units) <> 0
)

select * from differences
