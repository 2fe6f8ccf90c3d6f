-- R-CUSTOM: what a custom aggregation reads: the events of its charges, in order, with the charge's own properties.
-- Grain: one row per (subscription_id, charge_code, period_starts_at, segment_starts_at, event_key).

with

stepped_events as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        event_number,
        event_at,
        event_value,
        is_before_period,
        properties,
        charge_row_number,
        custom_model
    from {{ ref('int_metering__stepped_events') }}
    where aggregation_type = 'custom'
),

prices as (
    select charge_row_number, filter_code, custom_properties from {{ ref('stg_catalog__charge_prices') }}
),

with_custom_properties as (
    select
        stepped_events.custom_model,
        stepped_events.subscription_id,
        stepped_events.charge_code,
        stepped_events.filter_code,
        stepped_events.group_key,
        stepped_events.period_starts_at,
        stepped_events.segment_starts_at,
        stepped_events.step_number,
        stepped_events.event_number,
        stepped_events.event_at,
        stepped_events.event_value,
        stepped_events.is_before_period,
        stepped_events.properties,
        stepped_events.charge_row_number,
        {{ quote_json_numbers_anywhere('prices.custom_properties') }} as custom_properties
    from stepped_events
    inner join prices
        on
            stepped_events.charge_row_number = prices.charge_row_number
            and stepped_events.filter_code is not distinct from prices.filter_code
)

select * from with_custom_properties
