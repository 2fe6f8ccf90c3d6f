{# An exact decimal as a person writes it, without trailing zeros: 0.010000000000 becomes 0.01 and 100.000 becomes 100. #}
{% macro decimal_text(value) -%}
    rtrim(rtrim(cast({{ value }} as varchar), '0'), '.')
{%- endmacro %}
