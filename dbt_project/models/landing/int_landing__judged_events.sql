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
            when retracts_transaction_id is not null and amends_transaction_id is not null then 'retracts_and_amends'
            -- A pure retraction has to say whose event it takes back, and no more.
            when code is null and retracts_transaction_id is null then 'missing_code'
            when scope_id is null then 'missing_external_subscription_id'
            when transaction_id is null and is_id_required then 'missing_transaction_id'
            -- Without id and time, a repetition could not be told from new usage; taking back twice is taking back.
            when transaction_id is null and timestamp_text is null and retracts_transaction_id is null
                then 'missing_timestamp'
            when transaction_id in (retracts_transaction_id, amends_transaction_id) then 'names_itself'
            when timestamp_fault is not null then timestamp_fault
            when not has_object_properties then 'properties_not_object'
            when precise_total_amount_fault is not null then 'bad_precise_total_amount'
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
            when 'missing_transaction_id' then 'The event has no id; one of CloudEvents needs both id and source.'
            when 'retracts_and_amends' then 'An event either retracts another one or stands instead of it.'
            when 'names_itself'
                then 'Give the retraction or the mended event an id of its own, other than that of the event it names.'
            when 'bad_precise_total_amount'
                then
                    case precise_total_amount_fault
                        when 'too_precise' then 'More than 15 decimals: '
                        when 'out_of_range' then 'More than 23 digits before the decimal point: '
                        else 'Not a decimal number: '
                    end
                    || precise_total_amount_text
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
