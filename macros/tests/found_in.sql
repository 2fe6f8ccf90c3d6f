{#
    Every row, by `columns`, has a counterpart in `to`, by `to_columns` (the same names if not given): dbt's
    `relationships` for a key of several columns. Rows with a NULL in the key point nowhere and pass.
#}
{% test found_in(model, columns, to, to_columns=none) %}
{%- set there = to_columns or columns %}

select pointing.*
from {{ model }} as pointing
left join {{ to }} as pointed_at
    on {% for column in columns -%}
        {{ 'and ' if not loop.first }}pointing.{{ column }} = pointed_at.{{ there[loop.index0] }}
    {% endfor %}
where pointed_at.{{ there[0] }} is null
{%- for column in columns %}
    and pointing.{{ column }} is not null
{%- endfor %}

{% endtest %}
