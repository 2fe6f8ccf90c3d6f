-- R-SHAPE: an event as user, type, quantity and time. It needs no id (one is used if it is there), and its quantity is
-- its value for whatever field a metric sums.
-- Grain: one row per line of the running batch in this shape.

{% set texts = [
    'transaction_id', 'user_id', 'event_type', 'quantity', 'timestamp',
    'precise_total_amount_cents', 'retracts', 'amends',
] %}

with

lines as (
    select batch_number, file_hash, line_number, line_json
    from {{ ref('int_landing__shaped_lines') }}
    where shape = 'short'
),

read_once as (
    select
        batch_number,
        file_hash,
        line_number,
        {{ json_record(
            'line_json',
            texts=texts,
            objects=['properties']
        ) }} as event,
        {{ json_keys('line_json') }} as event_keys
    from lines
),

incoming as (
    select
        batch_number,
        file_hash,
        line_number,
        event.transaction_id as transaction_id,
        cast(null as string) as external_subscription_id,
        event.user_id as external_customer_id,
        event.event_type as code,
        event.timestamp as timestamp_text,
        event.quantity as quantity_text,
        event.properties as properties_text,
        event.precise_total_amount_cents as precise_total_amount_text,
        event.retracts as retracts_text,
        event.amends as amends_text,
        {{ has_repeated_key('event_keys', count_of_values('event', texts + ['properties'])) }}
        or {{ has_repeated_key(json_keys('event.properties')) }} as has_repeated_key,
        false as is_id_required
    from read_once
)

select * from incoming
