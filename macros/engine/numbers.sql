{# Integer arithmetic beyond 64 bits. Spark has no such integer type: its variant belongs here when it comes. #}

{#
    The decimal `value`, which has at most `scale` decimals, as an integer count of 10^-scale. By way of its text: a
    product with 10^scale would need up to twice the digits that a decimal holds.
#}
{% macro as_integer(value, scale) -%}
    {{ return(adapter.dispatch('as_integer', 'meterhouse')(value, scale)) }}
{%- endmacro %}

{% macro duckdb__as_integer(value, scale) -%}
    cast(replace(cast(cast({{ value }} as decimal(38, {{ scale }})) as varchar), '.', '') as hugeint)
{%- endmacro %}


{# Whole part of the division of two integers: what follows the point is cut off, so -7 by 2 gives -3, and `%` -1. #}
{% macro integer_quotient(dividend, divisor) -%}
    {{ return(adapter.dispatch('integer_quotient', 'meterhouse')(dividend, divisor)) }}
{%- endmacro %}

{% macro duckdb__integer_quotient(dividend, divisor) -%}
    ({{ dividend }} // {{ divisor }})
{%- endmacro %}


{# A wide integer that no product of the macros in money/ overflows. #}
{% macro wide_integer(value) -%}
    {{ return(adapter.dispatch('wide_integer', 'meterhouse')(value)) }}
{%- endmacro %}

{% macro duckdb__wide_integer(value) -%}
    cast({{ value }} as hugeint)
{%- endmacro %}
