-- R-RATE: what each line costs: the amount through its point less the amount through the point before it, exact.
-- In arrears a segment is a line; in advance each event is one, and so is the state carried into a period that it pays for.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, point_number).

with

points as (
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
        price_details
    from {{ ref('int_rating__priced_points') }}
),

-- Read by themselves, so that not all points are kept in memory: few have one before them.
previous_points as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        point_number + 1 as point_number,
        quantity,
        rated_quantity,
        amount_unrounded
    from {{ ref('int_rating__priced_points') }}
    where is_pay_in_advance or point_number = 0
),

-- Before the first event in advance nothing has been billed, not even the first tier's flat amount.
from_the_previous as (
    select
        points.*,
        coalesce(previous_points.quantity, 0) as quantity_before,
        coalesce(previous_points.rated_quantity, 0) as rated_quantity_before,
        coalesce(previous_points.amount_unrounded, 0) as amount_before,
        previous_points.point_number is not null as has_previous
    from points
    left join previous_points
        on
            points.subscription_id = previous_points.subscription_id
            and points.charge_code = previous_points.charge_code
            and points.filter_code is not distinct from previous_points.filter_code
            and points.group_key is not distinct from previous_points.group_key
            and points.period_starts_at = previous_points.period_starts_at
            and points.segment_starts_at = previous_points.segment_starts_at
            and points.point_number = previous_points.point_number
    where
        points.point_number > 0
        or (points.is_pay_in_advance and points.segment_starts_at = points.period_starts_at)
),

-- What is prepaid is told with the price of the rest.
with_prepaid_units as (
    select
        from_the_previous.*,
        prepaid.prepaid_units,
        coalesce(prepaid.prepaid_units_before, 0) as prepaid_units_before
    from from_the_previous
    left join {{ ref('int_rating__prepaid_units') }} as prepaid
        on
            from_the_previous.subscription_id = prepaid.subscription_id
            and from_the_previous.charge_code = prepaid.charge_code
            and from_the_previous.filter_code is not distinct from prepaid.filter_code
            and from_the_previous.group_key is not distinct from prepaid.group_key
            and from_the_previous.period_starts_at = prepaid.period_starts_at
            and from_the_previous.segment_starts_at = prepaid.segment_starts_at
),

rated as (
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
        cast(
            case
                when is_pay_in_advance then greatest(quantity - quantity_before, 0)
                else quantity - quantity_before
            end as decimal(38, 9)
        ) as quantity,
        cast(rated_quantity - rated_quantity_before as decimal(38, 9)) as rated_quantity,
        cast(amount_unrounded - amount_before as decimal(38, 21)) as amount_unrounded,
        amount_unrounded as amount_through_unrounded,
        cast(amount_before as decimal(38, 21)) as amount_before_unrounded,
        case
            when has_previous or prepaid_units > 0
                then substring(price_details, 1, length(price_details) - 1) || case
                        when prepaid_units > 0 then ',"prepaid_units":"' || {{ decimal_text('prepaid_units') }} || '"'
                        else ''
                    end || case
                        when has_previous
                            then ',"quantity_before":"'
                                || {{ decimal_text('cast(quantity_before - prepaid_units_before as decimal(38, 9))') }}
                                || '","amount_before":"' || {{ decimal_text('amount_before') }} || '"'
                        else ''
                    end || '}'
            else price_details
        end as price_details
    from with_prepaid_units
)

select * from rated
