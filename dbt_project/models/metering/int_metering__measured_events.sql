-- R-AGG: every event that a charge measures in a segment: those from the period's start, of a recurring metric from ever.
-- Filters and groups are told from the texts of the properties that the charge row names, taken out once here.
-- Grain: one row per (subscription_id, charge_code, period_starts_at, segment_starts_at, event_key).

with

billable_charges as (
    select
        subscription_id,
        external_subscription_id,
        charge_code,
        charge_row_number,
        metric_code,
        period_starts_at,
        period_start_date,
        billable_end_date,
        period_days,
        segment_starts_at,
        measured_until_at,
        timezone,
        is_recurring,
        pricing_group_keys
    from {{ ref('int_metering__billable_charges') }}
    where needs_events
),

standing_events as (
    select
        batch_number,
        file_hash,
        line_number,
        event_key,
        transaction_id,
        external_subscription_id,
        metric_code,
        event_at,
        properties,
        precise_total_amount_cents,
        event_value,
        value_text,
        operation_type
    from {{ ref('int_metering__standing_events') }}
),

amountless_events as (select file_hash, line_number from {{ ref('int_metering__amountless_events') }}),

filter_properties as (
    select
        charge_row_number,
        {{ join_texts('property_name', "';'", 'property_name') }} as property_names
    from (select distinct charge_row_number, property_name from {{ ref('stg_catalog__charge_filter_values') }}) as named
    group by charge_row_number
),

measured as (
    select
        billable_charges.subscription_id,
        billable_charges.charge_code,
        billable_charges.charge_row_number,
        billable_charges.period_starts_at,
        billable_charges.period_start_date,
        billable_charges.billable_end_date,
        billable_charges.period_days,
        billable_charges.segment_starts_at,
        billable_charges.timezone,
        standing_events.batch_number,
        standing_events.file_hash,
        standing_events.line_number,
        standing_events.event_key,
        standing_events.transaction_id,
        standing_events.event_at,
        standing_events.properties,
        standing_events.precise_total_amount_cents,
        standing_events.event_value,
        standing_events.value_text,
        standing_events.operation_type,
        case
            when filter_properties.property_names is not null
                then {{ json_properties('standing_events.properties', 'filter_properties.property_names') }}
        end as filter_values,
        case
            when billable_charges.pricing_group_keys is not null
                then {{ json_properties('standing_events.properties', 'billable_charges.pricing_group_keys') }}
        end as group_key
    from billable_charges
    inner join standing_events
        on
            billable_charges.external_subscription_id = standing_events.external_subscription_id
            and billable_charges.metric_code = standing_events.metric_code
            and standing_events.event_at < billable_charges.measured_until_at
            and (billable_charges.is_recurring or standing_events.event_at >= billable_charges.period_starts_at)
    left join filter_properties on billable_charges.charge_row_number = filter_properties.charge_row_number
    left join amountless_events
        on
            standing_events.file_hash = amountless_events.file_hash
            and standing_events.line_number = amountless_events.line_number
    where amountless_events.file_hash is null
)

select * from measured
