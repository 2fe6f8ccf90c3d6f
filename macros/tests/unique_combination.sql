{# No two rows may agree in all of `columns`; NULLs count as equal. Offenders: the combinations, with their count. #}
{% test unique_combination(model, columns) %}

select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
