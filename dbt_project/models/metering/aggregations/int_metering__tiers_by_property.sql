-- R-TIERS-BY-PROPERTY: ranges of a running total, in each of which a property of the event chooses the price of a unit.
-- An event that spans ranges is split; a falling total takes back. Units without a price leave no amount, never a smaller one.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, step_number).

with

custom_events as (
    select
        *,
        sum(event_value) over so_far - event_value as total_before,
        sum(event_value) over so_far as total,
        {{ json_text('properties', json_text('custom_properties', "'property'")) }} as property_value
    from {{ ref('int_metering__custom_events') }}
    where custom_model = 'tiers_by_property'
    window so_far as (
        partition by subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at
        order by event_number
        rows between unbounded preceding and current row
    )
),

charges as (select distinct charge_row_number, filter_code, custom_properties from custom_events),

ranges as (
    select
        charges.charge_row_number,
        charges.filter_code,
        positions.position,
        {{ json_list_element('charges.custom_properties', 'ranges', 'positions.position') }} as range_json
    from charges
    inner join range(0, 1000) as positions (position)
        on {{ json_list_length('charges.custom_properties', 'ranges') }} > positions.position
),

bounded as (
    select
        charge_row_number,
        filter_code,
        range_json,
        cast({{ json_text('range_json', "'up_to'") }} as decimal(38, 9)) as up_to,
        cast(lag({{ json_text('range_json', "'up_to'") }}) over (
            partition by charge_row_number, filter_code order by position
        ) as decimal(38, 9)) as previous_up_to
    from ranges
),

split_by_range as (
    select
        custom_events.*,
        {{ total_in_range('custom_events.total', 'bounded.previous_up_to', 'bounded.up_to') }}
        - {{ total_in_range('custom_events.total_before', 'bounded.previous_up_to', 'bounded.up_to') }}
            as units,
        case
            when custom_events.property_value <> 'up_to'
                then {{ json_text_if_named('bounded.range_json', 'custom_events.property_value') }}
        end as unit_amount_text
    from custom_events
    inner join bounded
        on
            custom_events.charge_row_number = bounded.charge_row_number
            and custom_events.filter_code is not distinct from bounded.filter_code
),

units_and_prices as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        event_value as units,
        abs(event_value) as unpriced_units,
        cast(0 as decimal(38, 21)) as amount_unrounded
    from custom_events
    union all
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        0 as units,
        case when unit_amount_text is null then 0 else -abs(units) end as unpriced_units,
        cast(units as decimal(24, 9)) * cast(unit_amount_text as decimal(20, 12)) as amount_unrounded
    from split_by_range
    where units <> 0
),

per_step as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        sum(units) as units,
        sum(unpriced_units) as unpriced_units,
        sum(amount_unrounded) as amount_unrounded
    from units_and_prices
    group by
        subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, step_number
),

through_each_step as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        cast(sum(units) over so_far as decimal(38, 9)) as quantity,
        cast(
            case when sum(unpriced_units) over so_far = 0 then sum(amount_unrounded) over so_far end as decimal(38, 21)
        ) as amount_unrounded
    from per_step
    window so_far as (
        partition by subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at
        order by step_number
        rows between unbounded preceding and current row
    )
)

select * from through_each_step
