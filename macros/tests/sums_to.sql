{#
    The column equals, per key, the sum of `part_column` over the rows of `parts` (those for which `part_condition`
    holds, if given). Missing rows and NULLs count as zero on both sides, so a part without a whole is an offender too.
    A union and not a full join: NULL keys meet, and both engines do it the same way.
#}
{% test sums_to(model, column_name, parts, part_column, key, part_condition='true') %}

select
    {{ key | join(', ') }},
    sum(whole_amount) as whole_amount,
    sum(parts_amount) as parts_amount
from (
    select {{ key | join(', ') }}, {{ column_name }} as whole_amount, null as parts_amount
    from {{ model }}
    union all
    select {{ key | join(', ') }}, null as whole_amount, {{ part_column }} as parts_amount
    from {{ parts }}
    where {{ part_condition }}
) as wholes_and_parts
group by {{ key | join(', ') }}
having coalesce(sum(whole_amount), 0) <> coalesce(sum(parts_amount), 0)

{% endtest %}
