{#
    How much of a running total lies in the range (previous_up_to, up_to]; NULL for the bounds of the first and the open last
    range. What is below 0 lies in the first one.
#}
{% macro total_in_range(total, previous_up_to, up_to) -%}
    case
        when {{ previous_up_to }} is null then least({{ total }}, coalesce({{ up_to }}, {{ total }}))
        else greatest(least({{ total }}, coalesce({{ up_to }}, {{ total }})) - {{ previous_up_to }}, 0)
    end
{%- endmacro %}
