-- R-IDENTITY: every incoming line: rejected, or an event with a key by which a repetition is known.
-- The key is the sender's transaction id within the subscription (or customer) that the event names. An event without
-- an id is known by its content, and by which of the equal events of its file it is. An id that it names is of its own
-- scope too.
-- Grain: one row per (file_hash, line_number) of the running batch.

with

shapeless as (
    select batch_number, file_hash, line_number, reject_reason, reject_detail
    from {{ ref('int_landing__shaped_lines') }}
    where reject_reason is not null
),

hashed as (
    select
        *,
        -- A time that ingest gave is not part of what the sender said. What most events do not say adds nothing to the
        -- text, so that the hashes of events that were loaded by an older release stay what they are.
        {{ md5_uuid([
            'code',
            'scope_id',
            "scope_kind || ' ' || case when timestamp_text is not null then cast(event_at as string) else '-' end"
            ~ " || ' ' || coalesce(cast(quantity as string), '-')"
            ~ " || coalesce(' cents ' || cast(precise_total_amount_cents as string), '')"
            ~ " || coalesce(' retracts ' || retracts_transaction_id, ' amends ' || amends_transaction_id, '')",
            'properties',
        ]) }} as content_hash
    from {{ ref('int_landing__judged_events') }}
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
        hashed.reject_detail,
        hashed.precise_total_amount_cents,
        hashed.retracts_transaction_id,
        hashed.amends_transaction_id,
        case
            when coalesce(hashed.retracts_transaction_id, hashed.amends_transaction_id) is not null
                then {{ md5_uuid([
                    'hashed.scope_kind',
                    'hashed.scope_id',
                    'coalesce(hashed.retracts_transaction_id, hashed.amends_transaction_id)',
                ]) }}
        end as retracted_event_key
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
        reject_detail,
        null as precise_total_amount_cents,
        null as retracts_transaction_id,
        null as amends_transaction_id,
        null as retracted_event_key
    from shapeless
)

select * from all_lines
