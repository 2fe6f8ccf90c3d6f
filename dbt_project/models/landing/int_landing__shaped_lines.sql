-- R-READ: a line is readable JSON of a known shape, or it is rejected. Its numbers are put in quotes first of all.
-- Grain: one row per (file_hash, line_number) of the running batch.

{% set markers = var('event_shapes') | map(attribute='marker') | list %}

with

lines as (
    select batch_number, file_hash, line_number, line_text, read_error
    from {{ source('landing', 'incoming_lines') }}
),

quoted_the_cheap_way as (
    select
        batch_number,
        file_hash,
        line_number,
        line_text,
        read_error,
        read_error is null and {{ is_json('line_text') }} as is_readable,
        {{ quote_json_numbers_of_objects('line_text') }} as cheaply_quoted
    from lines
),

quoted as (
    select
        batch_number,
        file_hash,
        line_number,
        read_error,
        case
            when not is_readable then null
            when {{ are_json_numbers_quoted('line_text', 'cheaply_quoted') }} then cheaply_quoted
            else {{ quote_json_numbers_anywhere('line_text') }}
        end as line_json
    from quoted_the_cheap_way
),

marked as (
    select
        batch_number,
        file_hash,
        line_number,
        line_json,
        read_error,
        {{ first_json_key('line_json', markers) }} as shape_position
    from quoted
),

shaped as (
    select
        batch_number,
        file_hash,
        line_number,
        line_json,
        case shape_position
            {% for shape in var('event_shapes') -%}
                when {{ loop.index }} then '{{ shape.name }}'
            {% endfor %}
        end as shape,
        case
            when line_json is null then 'not_json'
            when shape_position is null then 'unknown_shape'
        end as reject_reason,
        case
            when line_json is null then coalesce(read_error, 'The line is not valid JSON.')
            when shape_position is null
                then 'The line is not a JSON object with one of the keys {{ markers | join(", ") }}.'
        end as reject_detail
    from marked
)

select * from shaped
