{#
    R-CREDIT: how many credits an amount of money >= 0 is, floored to 5 decimals: amount / rate. Both sides are integers, at
    scale 4 and 12; the quotient at scale 5 lacks 13 zeros.
#}
{% macro credits_of_amount(amount, credit_rate) -%}
    {%- set dividend -%} ({{ as_integer(amount, 4) }} * {{ wide_integer(10 ** 13) }}) {%- endset -%}
    cast(
        cast({{ integer_quotient(dividend, as_integer(credit_rate, 12)) }} as decimal(38, 0))
        * cast('0.00001' as decimal(6, 5)) as decimal(38, 5)
    )
{%- endmacro %}
