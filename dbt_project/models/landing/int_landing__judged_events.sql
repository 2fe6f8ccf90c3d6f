-- R-REJECT: an incoming event is rejected for the first fault found in what it says itself; the catalog is not asked.
-- Grain: one row per line of the running batch that has a known shape.

with

parsed as (
    select
        *,
        case when external_subscription_id is null then 'customer' else 'subscription' end as scope_kind,
        coalesce(external_subscription_id, external_customer_id) as scope_id
    from {{ ref('int_landing__parsed_events') }}
),

judged as (
    select
        *,
        case
            when has_repeated_key then 'not_json'
            when code is null then 'missing_code'
            when scope_id is null then 'missing_external_subscription_id'
            when transaction_id is null and is_id_required then 'missing_transaction_id'
            -- Without id and time, a repetition could not be told from new usage.
            when transaction_id is null and timestamp_text is null then 'missing_timestamp'
            when timestamp_fault is not null then timestamp_fault
            when not has_object_properties then 'properties_not_object'
            when quantity_fault = 'not_numeric' then 'bad_quantity'
            else quantity_fault
        end as reject_reason
    from parsed
),

explained as (
    select
        *,
        case reject_reason
            when 'not_json' then 'A key occurs twice in one JSON object.'
            when 'missing_external_subscription_id' then 'The event names neither a subscription nor a customer.'
            when 'missing_timestamp' then 'An event without an id needs a timestamp.'
            when 'bad_timestamp' then 'Neither ISO 8601 nor epoch seconds: ' || timestamp_text
            when 'timestamp_without_offset' then 'Add Z or an offset such as +02:00: ' || timestamp_text
            when 'timestamp_out_of_range'
                then
                    'Not between the years 2000 and 2099 (epoch is in seconds): '
                    || coalesce(timestamp_text, cast(event_at as string))
            when 'bad_quantity' then 'Not a decimal number: ' || quantity_text
            when 'too_precise' then 'More than 9 decimals: ' || quantity_text
            when 'out_of_range' then 'More than 15 digits before the decimal point: ' || quantity_text
        end as reject_detail
    from judged
)

select * from explained
