-- R-SHAPE: an event as one flat JSON object; CSV and Parquet rows arrive like this too.
-- Grain: one row per line of the running batch in this shape.

with

lines as (
    select batch_number, file_hash, line_number, line_json
    from {{ ref('int_landing__shaped_lines') }}
    where shape = 'flat'
),

read_once as (
    select
        batch_number,
        file_hash,
        line_number,
        {{ json_record(
            'line_json',
            texts=['transaction_id', 'external_subscription_id', 'external_customer_id', 'code', 'timestamp'],
            objects=['properties']
        ) }} as event,
        {{ json_has_repeated_key('line_json', ['$', '$.properties']) }} as has_repeated_key
    from lines
),

incoming as (
    select
        batch_number,
        file_hash,
        line_number,
        event.transaction_id as transaction_id,
        event.external_subscription_id as external_subscription_id,
        event.external_customer_id as external_customer_id,
        event.code as code,
        event.timestamp as timestamp_text,
        cast(null as string) as quantity_text,
        event.properties as properties_text,
        has_repeated_key,
        true as is_id_required
    from read_once
)

select * from incoming
