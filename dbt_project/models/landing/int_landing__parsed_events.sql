-- R-READ: incoming events with types: an instant, an exact quantity, properties as canonical text; or what is wrong.
-- An event without a timestamp happened when its file was last modified.
-- Grain: one row per line of the running batch that has a known shape.

with

incoming as (
    {% for shape in var('event_shapes') | map(attribute='name') | unique -%}
        select
            batch_number,
            file_hash,
            line_number,
            transaction_id,
            external_subscription_id,
            external_customer_id,
            code,
            timestamp_text,
            quantity_text,
            properties_text,
            precise_total_amount_text,
            retracts_text,
            amends_text,
            has_repeated_key,
            is_id_required
        from {{ ref('stg_incoming__' ~ shape) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

files as (select file_hash, modified_at from {{ source('landing', 'incoming_files') }}),

typed as (
    select
        incoming.batch_number,
        incoming.file_hash,
        incoming.line_number,
        case when trim(incoming.transaction_id) <> '' then incoming.transaction_id end as transaction_id,
        case when trim(incoming.external_subscription_id) <> '' then incoming.external_subscription_id end
            as external_subscription_id,
        case when trim(incoming.external_customer_id) <> '' then incoming.external_customer_id end
            as external_customer_id,
        case when trim(incoming.code) <> '' then incoming.code end as code,
        incoming.timestamp_text,
        case
            when incoming.timestamp_text is null then files.modified_at
            else {{ event_instant('incoming.timestamp_text') }}
        end as event_at,
        incoming.quantity_text,
        {{ exact_decimal('incoming.quantity_text') }} as quantity,
        coalesce(left(incoming.properties_text, 1), '{') = '{' as has_object_properties,
        {{ canonical_json("coalesce(incoming.properties_text, '{}')") }} as properties,
        incoming.precise_total_amount_text,
        {{ exact_decimal('incoming.precise_total_amount_text', whole_digits=23, decimals=15) }}
            as precise_total_amount_cents,
        case when trim(incoming.retracts_text) <> '' then incoming.retracts_text end as retracts_transaction_id,
        case when trim(incoming.amends_text) <> '' then incoming.amends_text end as amends_transaction_id,
        incoming.has_repeated_key,
        incoming.is_id_required
    from incoming
    inner join files on incoming.file_hash = files.file_hash
),

parsed as (
    select
        *,
        {{ event_instant_fault('timestamp_text', 'event_at') }} as timestamp_fault,
        case
            when quantity is null and quantity_text is not null then {{ exact_decimal_fault('quantity_text') }}
        end as quantity_fault,
        case
            when precise_total_amount_cents is null and precise_total_amount_text is not null
                then {{ exact_decimal_fault('precise_total_amount_text', whole_digits=23, decimals=15) }}
        end as precise_total_amount_fault
    from typed
)

select * from parsed
