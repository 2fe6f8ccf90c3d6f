{# R-TIER: whether a quantity ends in a tier of `tiers`: above the bound before it, up to its own, both NULL where there is none. #}
{% macro lies_in_tier(quantity, tiers) -%}
    ({{ tiers }}.above is null or {{ quantity }} > {{ tiers }}.above)
    and ({{ tiers }}.up_to is null or {{ quantity }} <= {{ tiers }}.up_to)
{%- endmacro %}
