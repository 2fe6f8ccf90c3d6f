{# The same rows, as often, in both relations, by `columns`. Offenders: the rows with their two counts. #}
{% test rows_equal(model, compared_with, columns) %}

select
    {{ columns | join(', ') }},
    sum(is_here) as count_here,
    sum(is_there) as count_there
from (
    select {{ columns | join(', ') }}, 1 as is_here, 0 as is_there
    from {{ model }}
    union all
    select {{ columns | join(', ') }}, 0 as is_here, 1 as is_there
    from {{ compared_with }}
) as both_sides
group by {{ columns | join(', ') }}
having sum(is_here) <> sum(is_there)

{% endtest %}
