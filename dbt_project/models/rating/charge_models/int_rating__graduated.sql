-- R-GRADUATED: each unit costs the rate of the tier it falls in; a tier that is reached adds its flat amount. Not rounded here.
-- A tier's price is an amount per unit or a percentage of the units: one rule, one file.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, point_number).

with

-- Prorated ones are walked event by event, in int_rating__graduated_prorated.
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
        quantity,
        rated_quantity,
        greatest(rated_quantity, 0) as units
    from {{ ref('int_rating__billable_quantities') }}
    where charge_model in ('graduated', 'graduated_percentage') and prorated_denominator is null
),

tiers as (
    select
        charge_row_number,
        filter_code,
        above,
        up_to,
        unit_amount,
        flat_amount,
        amount_below,
        flat_through,
        '{"model":"' || charge_model || '","tiers":[' || details_below || details_before_units as details_before_units,
        details_before_amount
    from {{ ref('int_rating__tiers') }}
),

in_last_tier as (
    select
        quantities.*,
        cast(quantities.units - coalesce(tiers.above, 0) as decimal(38, 9)) as tier_units,
        tiers.unit_amount,
        tiers.flat_amount,
        tiers.amount_below,
        tiers.flat_through,
        tiers.details_before_units,
        tiers.details_before_amount
    from quantities
    left join tiers
        on
            quantities.charge_row_number = tiers.charge_row_number
            and quantities.filter_code is not distinct from tiers.filter_code
            and {{ lies_in_tier('quantities.units', 'tiers') }}
),

priced_tiers as (
    select
        in_last_tier.*,
        {{ null_on_overflow('tier_units * unit_amount') }} as tier_amount
    from in_last_tier
),

-- The long text goes last into the concatenation, so that it is copied once.
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
        {{ null_on_overflow('amount_below + tier_amount + flat_through') }} as amount_unrounded,
        details_before_units || (
            {{ decimal_text('tier_units') }} || details_before_amount
            || {{ decimal_text('tier_amount + flat_amount') }} || '"}]}'
        ) as price_details
    from priced_tiers
)

select * from priced
