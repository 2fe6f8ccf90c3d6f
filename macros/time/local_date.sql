{# The local date of a UTC instant under an offset in seconds. #}
{% macro local_date(instant, offset_seconds) -%}
    cast(date_trunc('day', {{ instant }} + {{ offset_seconds }} * interval '1' second) as date)
{%- endmacro %}
