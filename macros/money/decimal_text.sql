{#
    An exact decimal as a person writes it, without trailing zeros: 0.010000000000 becomes 0.01 and 100.000 becomes 100.
    `value` has a scale: of an integer the zeros would be digits. One pattern, for it takes half of what two trims take.
#}
{% macro decimal_text(value) -%}
    regexp_replace(cast({{ value }} as varchar), '[.]?0+$', '')
{%- endmacro %}
