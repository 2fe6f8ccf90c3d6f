-- R-GRADUATED-PRORATED: what a walk came to / days of the period, divided once, last, at scale 21; flats to the highest total.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, point_number).

with

quantities as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        segment_ends_at,
        point_number,
        charge_row_number,
        metric_code,
        is_pay_in_advance,
        event_key,
        transaction_id,
        event_count,
        quantity,
        rated_quantity,
        case when is_pay_in_advance then 0 else point_number end as walk_point_number
    from {{ ref('fct_usage_quantities') }}
    where charge_model = 'graduated' and prorated_denominator is not null
),

walks as (
    select
        walk_number,
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        walk_point_number,
        period_days
    from {{ ref('int_rating__walks') }}
),

walk_amounts as (
    select walk_number, event_count, highest_total, amount_days
    from {{ ref('int_rating__walk_amounts') }}
),

tiers as (
    select charge_row_number, filter_code, above, up_to, flat_through
    from {{ ref('int_rating__tiers') }}
),

reached as (
    select
        quantities.*,
        walks.period_days,
        walk_amounts.highest_total,
        walk_amounts.amount_days
    from quantities
    inner join walks
        on
            quantities.subscription_id = walks.subscription_id
            and quantities.charge_code = walks.charge_code
            and quantities.filter_code is not distinct from walks.filter_code
            and quantities.group_key is not distinct from walks.group_key
            and quantities.period_starts_at = walks.period_starts_at
            and quantities.segment_starts_at = walks.segment_starts_at
            and quantities.walk_point_number = walks.walk_point_number
    inner join walk_amounts
        on
            walks.walk_number = walk_amounts.walk_number
            and quantities.event_count = walk_amounts.event_count
),

flats_reached as (
    select
        reached.*,
        {{ null_on_overflow(
            divided_amount('case when reached.amount_days < 0 then 0 else reached.amount_days end', 'reached.period_days')
        ) }} as units_amount,
        tiers.flat_through
    from reached
    left join tiers
        on
            reached.charge_row_number = tiers.charge_row_number
            and reached.filter_code is not distinct from tiers.filter_code
            and {{ lies_in_tier('reached.highest_total', 'tiers') }}
),

priced as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        segment_ends_at,
        point_number,
        charge_row_number,
        metric_code,
        is_pay_in_advance,
        event_key,
        transaction_id,
        quantity,
        rated_quantity,
        {{ null_on_overflow('units_amount + flat_through') }} as amount_unrounded,
        '{"model":"graduated","highest_units":"' || {{ decimal_text('highest_total') }}
        || '","units_amount":"' || {{ decimal_text('units_amount') }}
        || '","flat_amount":"' || {{ decimal_text('flat_through') }}
        || '","period_days":' || cast(period_days as varchar) || '}' as price_details
    from flats_reached
)

select * from priced
