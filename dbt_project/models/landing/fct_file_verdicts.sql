-- R-CONSERVE: what became of the lines of each file.
-- Grain: one row per (batch_number, file_hash).

with

running as (select cutoff_batch from {{ source('control', 'run') }}),

files as (
    select incoming_files.file_hash, running.cutoff_batch as batch_number
    from {{ source('landing', 'incoming_files') }} as incoming_files
    cross join running
),

verdicts as (
    select batch_number, file_hash, 'accepted' as verdict, count(*) as line_count
    from {{ ref('fct_events') }}
    where batch_number in (select cutoff_batch from running)
    group by batch_number, file_hash
    union all
    select batch_number, file_hash, verdict, count(*) as line_count
    from {{ ref('fct_repeated_events') }}
    where batch_number in (select cutoff_batch from running)
    group by batch_number, file_hash, verdict
    union all
    select batch_number, file_hash, 'rejected' as verdict, count(*) as line_count
    from {{ ref('fct_rejected_lines') }}
    where batch_number in (select cutoff_batch from running)
    group by batch_number, file_hash
),

counted as (
    select
        files.batch_number,
        files.file_hash,
        {% for verdict in ['accepted', 'duplicate', 'conflict', 'rejected'] -%}
            cast(coalesce(sum(case when verdicts.verdict = '{{ verdict }}' then verdicts.line_count end), 0) as bigint)
                as {{ verdict }}_count{{ ',' if not loop.last }}
        {% endfor %}
    from files
    left join verdicts on files.batch_number = verdicts.batch_number and files.file_hash = verdicts.file_hash
    group by files.batch_number, files.file_hash
)

select * from counted
