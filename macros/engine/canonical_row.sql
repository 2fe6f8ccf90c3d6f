{# The canonical text of one row: its fields as text in the given order, NULL as an empty field, parted by the unit separator. #}
{% macro canonical_row(fields) -%}
    {%- for field in fields -%}
        coalesce(cast({{ field }} as varchar), ''){{ ' || chr(31) || ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
