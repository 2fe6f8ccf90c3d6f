-- R-STANDARD: every unit costs the same: units x unit amount. Prorated units: divided once, last, at scale 21; else not rounded.
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
        prorated_numerator,
        prorated_denominator
    from {{ ref('int_rating__billable_quantities') }}
    where charge_model = 'standard'
),

-- What is the same for every quantity of a price is written once, not once per quantity.
prices as (
    select
        charge_row_number,
        filter_code,
        unit_amount,
        '{"model":"standard","unit_amount":"' || {{ decimal_text('unit_amount') }} || '"' as details
    from {{ ref('stg_catalog__charge_prices') }}
),

priced as (
    select
        quantities.subscription_id,
        quantities.charge_code,
        quantities.filter_code,
        quantities.group_key,
        quantities.period_starts_at,
        quantities.segment_starts_at,
        quantities.segment_ends_at,
        quantities.point_number,
        quantities.charge_row_number,
        quantities.metric_code,
        quantities.is_pay_in_advance,
        quantities.event_key,
        quantities.transaction_id,
        quantities.quantity,
        quantities.rated_quantity,
        case
            when quantities.prorated_denominator is null
                then {{ null_on_overflow('greatest(quantities.rated_quantity, 0) * prices.unit_amount') }}
            else {{ null_on_overflow(divided_amount(
                '(greatest(quantities.prorated_numerator, 0) * prices.unit_amount)', 'quantities.prorated_denominator'
            )) }}
        end as amount_unrounded,
        prices.details || case
            when quantities.prorated_denominator is null then '}'
            else ',"unit_days":"' || {{ decimal_text('quantities.prorated_numerator') }}
                || '","period_days":' || cast(quantities.prorated_denominator as varchar) || '}'
        end as price_details
    from quantities
    left join prices
        on
            quantities.charge_row_number = prices.charge_row_number
            and quantities.filter_code is not distinct from prices.filter_code
)

select * from priced
