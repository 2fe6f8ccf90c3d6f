{# R-TIER: a percent of the units is a price per unit: 2.9 % is 0.029. #}
{% macro percent_price(rate) -%}
    cast({{ rate }} * cast('0.01' as decimal(3, 2)) as decimal(20, 12))
{%- endmacro %}
