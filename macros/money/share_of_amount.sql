{#
    amount x part / whole, rounded once to the currency's minor unit; whole > 0. `amount` and `whole` have at most 4 decimals,
    `part` (an amount with its tax) at most 11.
#}
{% macro share_of_amount(amount, part, whole, minor_unit) -%}
    {%- set dividend -%} ({{ as_integer(amount, 4) }} * {{ as_integer(part, 11) }}) {%- endset -%}
    {%- set divisor -%}
        ({{ as_integer(whole, 4) }} * {{ wide_integer(
            'case ' ~ minor_unit ~ ' when 0 then 100000000000 when 2 then 1000000000 when 3 then 100000000'
            ~ ' when 4 then 10000000 end'
        ) }})
    {%- endset -%}
    cast(
        cast({{ rounded_quotient(dividend, divisor) }} as decimal(38, 0)) * {{ minor_unit_size(minor_unit) }}
        as decimal(20, 4)
    )
{%- endmacro %}
