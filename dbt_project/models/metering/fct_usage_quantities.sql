-- R-AGG: the billable quantity of each charge at each point: through a segment's start and end, or through each event in advance.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, point_number).

with

plain_quantities as (
    select
        subscription_id,
        charge_code,
        cast(null as varchar) as filter_code,
        cast(null as varchar) as group_key,
        period_starts_at,
        segment_starts_at,
        segment_ends_at,
        point_number,
        charge_row_number,
        charge_model,
        metric_code,
        false as is_pay_in_advance,
        cast(null as varchar) as event_key,
        cast(null as varchar) as transaction_id,
        event_count,
        quantity,
        quantity as rated_quantity,
        cast(null as decimal(38, 9)) as prorated_numerator,
        cast(null as bigint) as prorated_denominator,
        cast(null as decimal(38, 21)) as given_amount_unrounded
    from {{ ref('int_metering__cell_quantities') }}
),

event_quantities as (
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
        quantity,
        rated_quantity,
        prorated_numerator,
        prorated_denominator,
        given_amount_unrounded
    from {{ ref('int_metering__event_quantities') }}
),

quantities as (
    select * from plain_quantities
    union all
    select * from event_quantities
)

select * from quantities
