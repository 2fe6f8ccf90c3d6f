{# A condition between the columns of one row, such as an identity of amounts. A condition that is NULL fails. #}
{% test always_true(model, condition) %}

select *
from {{ model }}
where not coalesce({{ condition }}, false)

{% endtest %}
