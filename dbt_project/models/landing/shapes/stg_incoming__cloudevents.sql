-- R-SHAPE: an event as CloudEvents, as OpenMeter takes it. `subject` is the customer, unless the extension attribute
-- `subscription` names the subscription. Its id counts within its `source` only, and so does an id that it names.
-- Grain: one row per line of the running batch in this shape.

{% set texts = ['id', 'source', 'type', 'time', 'subject', 'subscription', 'retracts', 'amends'] %}

with

lines as (
    select batch_number, file_hash, line_number, line_json
    from {{ ref('int_landing__shaped_lines') }}
    where shape = 'cloudevents'
),

read_once as (
    select
        batch_number,
        file_hash,
        line_number,
        {{ json_record(
            'line_json',
            texts=texts,
            objects=['data']
        ) }} as event,
        {{ json_keys('line_json') }} as event_keys
    from lines
),

-- A source has no blank if it is the URI that the standard asks for. One that has is escaped, so that the first blank
-- that is not escaped parts source and id: no two pairs become one text.
with_source as (
    select
        *,
        case
            when trim(event.source) <> ''
                then
                    replace(replace(event.source, chr(92), chr(92) || chr(92)), ' ', chr(92) || ' ')
                    || ' '
        end as source_prefix
    from read_once
),

incoming as (
    select
        batch_number,
        file_hash,
        line_number,
        source_prefix || case when trim(event.id) <> '' then event.id end as transaction_id,
        event.subscription as external_subscription_id,
        event.subject as external_customer_id,
        event.type as code,
        event.time as timestamp_text,
        cast(null as string) as quantity_text,
        event.data as properties_text,
        {{ json_text('event.data', "'precise_total_amount_cents'") }} as precise_total_amount_text,
        source_prefix || case when trim(event.retracts) <> '' then event.retracts end as retracts_text,
        source_prefix || case when trim(event.amends) <> '' then event.amends end as amends_text,
        -- Beside its known keys it has the one that marks it, `specversion`.
        {{ has_repeated_key('event_keys', '1 + ' ~ count_of_values('event', texts + ['data'])) }}
        or {{ has_repeated_key(json_keys('event.data')) }} as has_repeated_key,
        true as is_id_required
    from with_source
)

select * from incoming
