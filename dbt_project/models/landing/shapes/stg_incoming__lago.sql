-- R-SHAPE: an event as Lago's API takes it, inside the key `event`.
-- Grain: one row per line of the running batch in this shape.

{% set texts = [
    'transaction_id', 'external_subscription_id', 'external_customer_id', 'code', 'timestamp',
    'precise_total_amount_cents', 'retracts', 'amends',
] %}

with

lines as (
    select batch_number, file_hash, line_number, line_json
    from {{ ref('int_landing__shaped_lines') }}
    where shape = 'lago'
),

read_once as (
    select
        batch_number,
        file_hash,
        line_number,
        {{ json_record(
            'line_json',
            texts=texts,
            objects=['properties'],
            inside='event'
        ) }} as line,
        {{ json_keys('line_json') }} as line_keys,
        {{ json_keys('line_json', inside='event') }} as event_keys
    from lines
),

incoming as (
    select
        batch_number,
        file_hash,
        line_number,
        line.event.transaction_id as transaction_id,
        line.event.external_subscription_id as external_subscription_id,
        line.event.external_customer_id as external_customer_id,
        line.event.code as code,
        line.event.timestamp as timestamp_text,
        cast(null as string) as quantity_text,
        line.event.properties as properties_text,
        line.event.precise_total_amount_cents as precise_total_amount_text,
        line.event.retracts as retracts_text,
        line.event.amends as amends_text,
        {{ has_repeated_key('line_keys') }}
        or {{ has_repeated_key('event_keys', count_of_values('line.event', texts + ['properties'])) }}
        or {{ has_repeated_key(json_keys('line.event.properties')) }} as has_repeated_key,
        true as is_id_required
    from read_once
)

select * from incoming
