-- R-QUANTITY: the quantities of the charges that are measured event by event, at each point that is priced.
-- A metric's rounding function rounds the aggregate, and where the charge is prorated the prorated units too.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, point_number).

with

charges as (
    select
        subscription_id,
        charge_code,
        period_starts_at,
        period_days,
        segment_starts_at,
        segment_ends_at,
        charge_row_number,
        charge_model,
        metric_code,
        is_pay_in_advance,
        is_prorated,
        rounding_function,
        coalesce(rounding_precision, 0) as rounding_precision
    from {{ ref('int_metering__billable_charges') }}
    where needs_events
),

points as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        point_number,
        event_key,
        transaction_id,
        event_count,
        quantity,
        rated_quantity,
        prorated_numerator,
        given_amount_unrounded
    from {{ ref('int_metering__step_quantities') }}
    where point_number is not null
),

rounded as (
    select
        points.subscription_id,
        points.charge_code,
        points.filter_code,
        points.group_key,
        points.period_starts_at,
        points.segment_starts_at,
        charges.segment_ends_at,
        points.point_number,
        charges.charge_row_number,
        charges.charge_model,
        charges.metric_code,
        charges.is_pay_in_advance,
        charges.is_prorated,
        cast(charges.period_days as bigint) as period_days,
        points.event_key,
        points.transaction_id,
        points.event_count,
        points.given_amount_unrounded,
        {% for column in ['quantity', 'rated_quantity'] -%}
            case
                when charges.rounding_function is null then points.{{ column }}
                else {{ round_units('points.' ~ column, 1, 'charges.rounding_function', 'charges.rounding_precision') }}
            end as {{ column }},
        {% endfor -%}
        case
            when not charges.is_prorated then null
            when charges.rounding_function is null then points.prorated_numerator
            else charges.period_days * {{ round_units(
                'points.prorated_numerator', 'charges.period_days', 'charges.rounding_function', 'charges.rounding_precision'
            ) }}
        end as prorated_numerator
    from points
    inner join charges
        on
            points.subscription_id = charges.subscription_id
            and points.charge_code = charges.charge_code
            and points.period_starts_at = charges.period_starts_at
            and points.segment_starts_at = charges.segment_starts_at
),

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
        charge_model,
        metric_code,
        is_pay_in_advance,
        event_key,
        transaction_id,
        event_count,
        -- A display: the prorated units of a period in arrears; in advance an event has its full units.
        cast(
            case
                when is_prorated and not is_pay_in_advance
                    then {{ round_units('prorated_numerator', 'period_days', "'round'", '9') }}
                else quantity
            end as decimal(38, 9)
        ) as quantity,
        cast(rated_quantity as decimal(38, 9)) as rated_quantity,
        cast(prorated_numerator as decimal(38, 9)) as prorated_numerator,
        case when is_prorated then period_days end as prorated_denominator,
        cast(
            case
                when charge_model = 'dynamic' and rated_quantity <= 0 then 0
                when charge_model = 'dynamic' then greatest(given_amount_unrounded, 0)
                when charge_model = 'custom' then given_amount_unrounded
            end as decimal(38, 21)
        ) as given_amount_unrounded
    from rounded
)

select * from quantities
