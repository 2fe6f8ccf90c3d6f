{#
    The instant of an event's timestamp text: ISO 8601 with an offset, or seconds since 1970 with or without a fraction.
    Microseconds are exact, further decimals are cut: an event of 23:59:59.9999999 stays in its day.
#}

{# A UTC timestamp; NULL if the text is neither form, or names no instant that exists (30 February). #}
{% macro event_instant(text) -%}
    case
        when {{ is_iso_instant(text) }} then {{ iso_text_to_instant(text) }}
        when {{ matches_pattern(text, '[0-9]{1,11}([.][0-9]*)?') }}
            then {{ instant_of_microseconds(
                "cast(split_part(" ~ text ~ ", '.', 1) as bigint) * 1000000 + cast(rpad(left(split_part("
                ~ text ~ ", '.', 2), 6), 6, '0') as bigint)"
            ) }}
    end
{%- endmacro %}


{# Why a timestamp text is refused, given its `event_instant`; NULL if it is not. #}
{% macro event_instant_fault(text, instant) -%}
    case
        when {{ instant }} >= timestamp '2000-01-01 00:00:00' and {{ instant }} < timestamp '2100-01-01 00:00:00'
            then null
        when {{ instant }} is not null then 'timestamp_out_of_range'
        when {{ matches_pattern(text, '-?[0-9]+([.][0-9]*)?') }} then 'timestamp_out_of_range'
        when {{ matches_pattern(text, date_pattern() ~ '([Tt ]' ~ time_pattern() ~ ')?') }}
            then 'timestamp_without_offset'
        when {{ text }} is not null then 'bad_timestamp'
    end
{%- endmacro %}


{% macro is_iso_instant(text) -%}
    {{ matches_pattern(
        text,
        date_pattern() ~ '[Tt ]' ~ time_pattern() ~ '([Zz]|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)'
    ) }}
{%- endmacro %}


{% macro date_pattern() -%}
    {{ return('[0-9]{4}-[0-9]{2}-[0-9]{2}') }}
{%- endmacro %}

{% macro time_pattern() -%}
    {{ return('[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?') }}
{%- endmacro %}
