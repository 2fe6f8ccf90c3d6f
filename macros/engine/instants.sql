{# Text that `is_iso_instant` as a UTC timestamp; NULL if there is no such day or time. #}
{% macro iso_text_to_instant(text) -%}
    {{ return(adapter.dispatch('iso_text_to_instant', 'meterhouse')(text)) }}
{%- endmacro %}

{% macro duckdb__iso_text_to_instant(text) -%}
    timezone('UTC', try_cast(upper({{ text }}) as timestamp with time zone))
{%- endmacro %}

{# Spark reads offsets of hours and minutes with a colon only, and the session's time zone is UTC. #}
{% macro spark__iso_text_to_instant(text) -%}
    {%- set with_minutes = "regexp_replace(upper(" ~ text ~ "), '([+-][0-9]{2})$', '$1:00')" -%}
    try_cast(regexp_replace({{ with_minutes }}, '([+-][0-9]{2})([0-9]{2})$', '$1:$2') as timestamp)
{%- endmacro %}


{# A count of microseconds since 1970 as a UTC timestamp. #}
{% macro instant_of_microseconds(microseconds) -%}
    {{ return(adapter.dispatch('instant_of_microseconds', 'meterhouse')(microseconds)) }}
{%- endmacro %}

{% macro duckdb__instant_of_microseconds(microseconds) -%}
    make_timestamp({{ microseconds }})
{%- endmacro %}

{% macro spark__instant_of_microseconds(microseconds) -%}
    timestamp_micros({{ microseconds }})
{%- endmacro %}


{# Microseconds from one UTC instant to a later one, as a whole number. #}
{% macro microseconds_between(from_instant, to_instant) -%}
    {{ return(adapter.dispatch('microseconds_between', 'meterhouse')(from_instant, to_instant)) }}
{%- endmacro %}

{% macro duckdb__microseconds_between(from_instant, to_instant) -%}
    (epoch_us({{ to_instant }}) - epoch_us({{ from_instant }}))
{%- endmacro %}

{% macro spark__microseconds_between(from_instant, to_instant) -%}
    (unix_micros({{ to_instant }}) - unix_micros({{ from_instant }}))
{%- endmacro %}
