-- R-STEP: the events of charges that are measured event by event, each with the first step that counts it.
-- In arrears step 0 is what precedes the segment and step 1 what lies in it; in advance step 0 is what was carried over
-- into the period and every event of the period is a step of its own.
-- Grain: one row per (subscription_id, charge_code, period_starts_at, segment_starts_at, event_key).

with

billable_charges as (
    select
        subscription_id,
        charge_code,
        period_starts_at,
        segment_starts_at,
        aggregation_type,
        custom_model,
        pricing_group_keys,
        is_pay_in_advance,
        days
    from {{ ref('int_metering__billable_charges') }}
    where needs_events
),

charge_events as (
    select
        subscription_id,
        charge_code,
        charge_row_number,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        event_key,
        transaction_id,
        event_at,
        event_number,
        event_value,
        value_text,
        operation_type,
        days_left,
        is_before_period,
        precise_total_amount_cents,
        properties
    from {{ ref('int_metering__charge_events') }}
),

measured as (
    select
        charge_events.subscription_id,
        charge_events.charge_code,
        charge_events.filter_code,
        charge_events.group_key,
        charge_events.period_starts_at,
        charge_events.segment_starts_at,
        cast(
            case
                when not billable_charges.is_pay_in_advance
                    then case when charge_events.event_at < charge_events.segment_starts_at then 0 else 1 end
                when charge_events.is_before_period then 0
                else charge_events.event_number
            end as bigint
        ) as step_number,
        charge_events.event_number,
        charge_events.event_key,
        charge_events.transaction_id,
        charge_events.event_at,
        charge_events.event_value,
        charge_events.value_text,
        charge_events.operation_type,
        charge_events.days_left,
        charge_events.is_before_period,
        charge_events.precise_total_amount_cents,
        charge_events.properties,
        charge_events.charge_row_number,
        billable_charges.aggregation_type,
        billable_charges.custom_model,
        billable_charges.pricing_group_keys,
        billable_charges.is_pay_in_advance,
        billable_charges.days
    from charge_events
    inner join billable_charges
        on
            charge_events.subscription_id = billable_charges.subscription_id
            and charge_events.charge_code = billable_charges.charge_code
            and charge_events.period_starts_at = billable_charges.period_starts_at
            and charge_events.segment_starts_at = billable_charges.segment_starts_at
)

select * from measured
