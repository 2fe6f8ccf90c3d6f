-- R-VOLUME: all units cost the rate of the one tier they fall in, plus its flat. Prorated: divided once, last; else not rounded.
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
        quantity,
        rated_quantity,
        greatest(rated_quantity, 0) as units,
        greatest(prorated_numerator, 0) as prorated_numerator,
        prorated_denominator
    from {{ ref('int_rating__billable_quantities') }}
    where charge_model = 'volume'
),

tiers as (
    select
        charge_row_number,
        filter_code,
        above,
        up_to,
        unit_amount,
        flat_amount,
        '{"model":"volume","tiers":[' || details_before_units as details_before_units,
        details_before_amount
    from {{ ref('int_rating__tiers') }}
),

-- The full units choose the tier, also where the prorated ones are priced.
in_tier as (
    select
        quantities.*,
        case
            when quantities.prorated_denominator is null
                then {{ null_on_overflow('quantities.units * tiers.unit_amount + tiers.flat_amount') }}
            else {{ null_on_overflow(
                divided_amount('(quantities.prorated_numerator * tiers.unit_amount)', 'quantities.prorated_denominator')
                ~ ' + tiers.flat_amount'
            ) }}
        end as amount_unrounded,
        tiers.details_before_units,
        tiers.details_before_amount
    from quantities
    left join tiers
        on
            quantities.charge_row_number = tiers.charge_row_number
            and quantities.filter_code is not distinct from tiers.filter_code
            and {{ lies_in_tier('quantities.units', 'tiers') }}
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
        amount_unrounded,
        details_before_units || {{ decimal_text('units') }} || details_before_amount
        || {{ decimal_text('amount_unrounded') }} || case
            when prorated_denominator is null then '"}]}'
            else '"}],"unit_days":"' || {{ decimal_text('prorated_numerator') }}
                || '","period_days":' || cast(prorated_denominator as varchar) || '}'
        end as price_details
    from in_tier
)

select * from priced
