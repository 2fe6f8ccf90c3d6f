{# A column may not be below zero. NULL passes: whether a value may be missing is for the contract to say. #}
{% test not_negative(model, column_name) %}

select *
from {{ model }}
where {{ column_name }} < 0

{% endtest %}
