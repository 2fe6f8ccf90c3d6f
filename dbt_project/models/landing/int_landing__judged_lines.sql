-- R-IDENTITY: an incoming line is rejected for what it says itself, or is an event with a key by which a repetition is known.
-- The key is the sender's transaction id within the subscription (or customer) that the event names. An event without an
-- id is known by its content and by which of the equal events of its file it is.
-- Grain: one row per (file_hash, line_number) of the running batch.

with

shapeless as (
    select batch_number, file_hash, line_number, reject_reason, reject_detail
    from {{ ref('int_landing__shaped_lines') }}
    where reject_reason is not null
),

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

hashed as (
    select
        *,
        -- A time that ingest gave is not part of what the sender said.
        {{ md5_uuid([
            'code',
            'scope_id',
            "scope_kind || ' ' || case when timestamp_text is not null then cast(event_at as string) else '-' end"
            ~ " || ' ' || coalesce(cast(quantity as string), '-')",
            'properties',
        ]) }} as content_hash
    from judged
),

counted as (
    select
        file_hash,
        line_number,
        row_number() over (partition by file_hash, content_hash order by line_number) as occurrence_number
    from hashed
    where transaction_id is null and reject_reason is null
),

identified as (
    select
        hashed.batch_number,
        hashed.file_hash,
        hashed.line_number,
        hashed.transaction_id,
        hashed.external_subscription_id,
        hashed.external_customer_id,
        hashed.code,
        hashed.event_at,
        hashed.quantity,
        hashed.properties,
        hashed.content_hash,
        case
            when hashed.transaction_id is not null
                then {{ md5_uuid(['hashed.scope_kind', 'hashed.scope_id', 'hashed.transaction_id']) }}
            else {{ md5_uuid(['cast(hashed.content_hash as string)', 'cast(counted.occurrence_number as string)']) }}
        end as event_key,
        hashed.reject_reason,
        case hashed.reject_reason
            when 'not_json' then 'A key occurs twice in one JSON object.'
            when 'missing_external_subscription_id' then 'The event names neither a subscription nor a customer.'
            when 'missing_timestamp' then 'An event without an id needs a timestamp.'
            when 'bad_timestamp' then 'Neither ISO 8601 nor epoch seconds: ' || hashed.timestamp_text
            when 'timestamp_without_offset' then 'Add Z or an offset such as +02:00: ' || hashed.timestamp_text
            when 'timestamp_out_of_range' then 'Not between the years 2000 and 2099 (epoch is in seconds): '
                || coalesce(hashed.timestamp_text, cast(hashed.event_at as string))
            when 'bad_quantity' then 'Not a decimal number: ' || hashed.quantity_text
            when 'too_precise' then 'More than 9 decimals: ' || hashed.quantity_text
            when 'out_of_range' then 'More than 15 digits before the decimal point: ' || hashed.quantity_text
        end as reject_detail
    from hashed
    left join counted on hashed.file_hash = counted.file_hash and hashed.line_number = counted.line_number
),

all_lines as (
    select * from identified
    union all
    select
        batch_number,
        file_hash,
        line_number,
        null as transaction_id,
        null as external_subscription_id,
        null as external_customer_id,
        null as code,
        null as event_at,
        null as quantity,
        null as properties,
        null as content_hash,
        null as event_key,
        reject_reason,
        reject_detail
    from shapeless
)

select * from all_lines
