-- R-WALK: the points of a prorated graduated charge that one walk over its events passes.
-- In arrears each point is walked by itself; in advance one walk passes them all, for nothing later takes a unit back.
-- Grain: one row per walk_number (subscription x charge x filter x group x period x segment, and the point in arrears).

with

points as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        charge_row_number,
        is_pay_in_advance,
        case when is_pay_in_advance then 0 else point_number end as walk_point_number,
        event_count,
        prorated_denominator
    from {{ ref('fct_usage_quantities') }}
    where charge_model = 'graduated' and prorated_denominator is not null
),

walks as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        charge_row_number,
        is_pay_in_advance,
        walk_point_number,
        max(event_count) as event_count,
        max(prorated_denominator) as period_days
    from points
    group by
        subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at,
        charge_row_number, is_pay_in_advance, walk_point_number
),

-- One number in place of seven keys: the events are sorted by it again and again.
numbered as (
    select
        row_number() over (
            order by
                subscription_id, charge_code, filter_code nulls first, group_key nulls first,
                period_starts_at, segment_starts_at, walk_point_number
        ) as walk_number,
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        charge_row_number,
        is_pay_in_advance,
        walk_point_number,
        event_count,
        period_days
    from walks
)

select * from numbered
