{# The relation holds exactly one row: two rows in the run would double every amount with all other tests green. #}
{% test one_row(model) %}

select count(*) as row_count
from {{ model }}
having count(*) <> 1

{% endtest %}
