{#
    R-ROUND: amounts rounded so that they add up to the rounding of their sum: what rounding leaves goes on from row to row. 15
    decimals heal what 21 lost of a third and its like, and come before the rounding that counts. Exact: decimal(20, 4).
#}
{% macro rounded_in_turn(amount, minor_unit, within, in_order) -%}
    cast(
        {{ round_to_minor_unit(running_total(amount, within, in_order, 'current row'), minor_unit) }}
        - {{ round_to_minor_unit(running_total(amount, within, in_order, '1 preceding'), minor_unit) }} as decimal(20, 4)
    )
{%- endmacro %}


{% macro running_total(amount, within, in_order, through) -%}
    cast(
        coalesce(
            sum({{ amount }}) over (
                partition by {{ within }} order by {{ in_order }} rows between unbounded preceding and {{ through }}
            ), 0
        ) as decimal(38, 15)
    )
{%- endmacro %}
