{#
    R-QUANTITY: dividend / divisor, rounded by a metric's function (round: half away from zero, ceil, floor) to `precision`
    decimals, -9 to 9; a negative precision rounds to tens, hundreds and so on. Exact: both sides are integers. `dividend` has
    at most 9 decimals, `divisor` is an integer > 0.
#}
{% macro round_units(dividend, divisor, rounding_function, precision) -%}
    {%- set size -%} {{ wide_integer("('1' || repeat('0', 9 - (" ~ precision ~ ")))") }} {%- endset -%}
    {%- set whole -%} abs({{ as_integer(dividend, 9) }}) {%- endset -%}
    {%- set unit -%} ({{ wide_integer(divisor) }} * {{ size }}) {%- endset -%}
    {%- set rest -%} ({{ whole }} % {{ unit }}) {%- endset -%}
    cast(
        case when {{ dividend }} < 0 then -1 else 1 end * cast(
            (
                {{ integer_quotient(whole, unit) }} + case {{ rounding_function }}
                    when 'round' then case when 2 * {{ rest }} >= {{ unit }} then 1 else 0 end
                    when 'ceil' then case when {{ rest }} > 0 and {{ dividend }} > 0 then 1 else 0 end
                    when 'floor' then case when {{ rest }} > 0 and {{ dividend }} < 0 then 1 else 0 end
                end
            ) * {{ size }} as decimal(38, 0)
        ) * cast('0.000000001' as decimal(10, 9)) as decimal(38, 9)
    )
{%- endmacro %}
