-- R-PERCENTAGE: paid units x rate + paid events x fixed amount, or event by event within a minimum and maximum. Not rounded here.
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
        greatest(rated_quantity, 0) as units
    from {{ ref('fct_usage_quantities') }}
    where charge_model = 'percentage'
),

-- A limit of 0 is none.
prices as (
    select
        charge_row_number,
        filter_code,
        {{ percent_price('rate') }} as unit_amount,
        cast(coalesce(fixed_amount, 0) as decimal(20, 12)) as fixed_amount,
        nullif(free_units_per_events, 0) as free_events,
        nullif(free_units_per_total_aggregation, 0) as free_total,
        per_transaction_min_amount is not null or per_transaction_max_amount is not null as is_within_bounds,
        '{"model":"percentage","rate":"' || {{ decimal_text('rate') }}
        || coalesce('","fixed_amount":"' || {{ decimal_text('fixed_amount') }}, '')
        || coalesce('","per_transaction_min_amount":"' || {{ decimal_text('per_transaction_min_amount') }}, '')
        || coalesce('","per_transaction_max_amount":"' || {{ decimal_text('per_transaction_max_amount') }}, '')
        || coalesce('","free_events":"' || cast(nullif(free_units_per_events, 0) as varchar), '')
        || coalesce('","free_total":"' || {{ decimal_text('nullif(free_units_per_total_aggregation, 0)') }}, '')
            as details
    from {{ ref('stg_catalog__charge_prices') }}
),

running_events as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        event_count,
        total_towards_free,
        below_free_total_count,
        amount_so_far
    from {{ ref('int_rating__percentage_events') }}
),

-- Free events: the smaller of the two limits that are set and have been met at all.
freed as (
    select
        quantities.*,
        prices.unit_amount,
        prices.fixed_amount,
        prices.is_within_bounds,
        prices.details,
        greatest(coalesce(running_events.amount_so_far, 0), 0) as amount_so_far,
        least(
            quantities.units,
            coalesce(greatest(0, least(coalesce(running_events.total_towards_free, 0), prices.free_total)), 0)
        ) as free_units,
        coalesce(least(prices.free_events, nullif(running_events.below_free_total_count, 0)), 0) as free_event_count
    from quantities
    left join prices
        on
            quantities.charge_row_number = prices.charge_row_number
            and quantities.filter_code is not distinct from prices.filter_code
    left join running_events
        on
            quantities.subscription_id = running_events.subscription_id
            and quantities.charge_code = running_events.charge_code
            and quantities.filter_code is not distinct from running_events.filter_code
            and quantities.group_key is not distinct from running_events.group_key
            and quantities.period_starts_at = running_events.period_starts_at
            and quantities.segment_starts_at = running_events.segment_starts_at
            and quantities.event_count = running_events.event_count
),

paid as (
    select
        freed.*,
        units - free_units as paid_units,
        case when units > 0 then greatest(event_count - free_event_count, 0) else 0 end as paid_event_count
    from freed
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
        case
            when is_within_bounds then cast(amount_so_far as decimal(38, 21))
            else {{ null_on_overflow('paid_units * unit_amount + paid_event_count * fixed_amount') }}
        end as amount_unrounded,
        details || case
            when is_within_bounds then '","event_count":' || cast(event_count as varchar) || '}'
            else '","free_units":"' || {{ decimal_text('free_units') }}
                || '","paid_units":"' || {{ decimal_text('paid_units') }}
                || '","paid_events":' || cast(paid_event_count as varchar) || '}'
        end as price_details
    from paid
)

select * from priced
