-- R-AGGREGATE: the value that each event carries for the field of its metric, exact, or what is wrong with it.
-- Grain: one row per accepted event and missing aggregate of a field.

with

missing as (
    select field_name, code, batch_number
    from {{ ref('int_landing__missing_aggregates') }}
    where field_name <> ''
),

events as (
    select
        batch_number,
        code,
        external_subscription_id,
        external_customer_id,
        cast(date_trunc('hour', event_at) as timestamp) as hour_starts_at,
        quantity,
        properties
    from {{ ref('fct_events') }}
    where retracts_transaction_id is null
),

texts as (
    select
        events.batch_number,
        missing.field_name,
        events.code,
        events.external_subscription_id,
        events.external_customer_id,
        events.hour_starts_at,
        events.quantity,
        {{ json_text('events.properties', 'missing.field_name') }} as value_text
    from events
    inner join missing on events.batch_number = missing.batch_number and events.code = missing.code
),

exact_values as (
    select
        *,
        coalesce(quantity, {{ exact_decimal('value_text') }}) as event_value
    from texts
),

judged_values as (
    select
        *,
        case when event_value is null then {{ exact_decimal_fault('value_text') }} end as fault
    from exact_values
)

select * from judged_values
