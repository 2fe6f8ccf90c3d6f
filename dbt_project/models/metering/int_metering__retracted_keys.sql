-- R-RETRACT: the keys whose event is out at this close: an accepted line, or a mended one that stands, retracts or amends it.
-- Grain: one row per event_key.

with

retracted_events as (
    select event_key, code, retracting_file_hash, retracting_line_number, line_verdict
    from {{ ref('stg_landing__retracted_events') }}
),

contested_choices as (
    select file_hash, line_number, stands from {{ ref('int_metering__contested_choices') }}
),

effective as (
    select
        retracted_events.event_key,
        retracted_events.code
    from retracted_events
    left join contested_choices
        on
            retracted_events.retracting_file_hash = contested_choices.file_hash
            and retracted_events.retracting_line_number = contested_choices.line_number
    where retracted_events.line_verdict = 'accepted' or contested_choices.stands
),

keys as (
    select
        event_key,
        min(code) as code
    from effective
    group by event_key
)

select * from keys
