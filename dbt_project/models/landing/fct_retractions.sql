-- R-RETRACT: lines that retract an event, or stand instead of it, and which event they name. It may be there already, come
-- later, or never.
-- Grain: one row per (file_hash, line_number).

with

naming as (
    select
        batch_number,
        file_hash,
        line_number,
        event_key,
        code,
        retracted_event_key,
        case when retracts_transaction_id is not null then 'retracts' else 'amends' end as retraction_kind
    from {{ ref('int_landing__judged_lines') }}
    where reject_reason is null and retracted_event_key is not null
),

repeated as (select batch_number, file_hash, line_number, verdict from {{ ref('fct_repeated_events') }}),

-- A conflict is told apart: it counts only where its event stands instead of the one that owns the key.
said_first as (
    select
        naming.batch_number,
        naming.file_hash,
        naming.line_number,
        naming.event_key,
        naming.code,
        naming.retracted_event_key,
        naming.retraction_kind,
        coalesce(repeated.verdict, 'accepted') as line_verdict
    from naming
    left join repeated
        on
            naming.batch_number = repeated.batch_number
            and naming.file_hash = repeated.file_hash
            and naming.line_number = repeated.line_number
    where coalesce(repeated.verdict, 'accepted') <> 'duplicate'
)

select * from said_first
