{# R-WALLET: what a movement adds to its lot: grants and what credit notes return add, all else takes. #}
{% macro signed_movement(movement_kind, amount) -%}
    case when {{ movement_kind }} in ('granted', 'returned') then {{ amount }} else 0 - {{ amount }} end
{%- endmacro %}
