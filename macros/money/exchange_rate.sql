{#
    R-REPORT: what one unit of a currency is worth in another, from the units of both that one euro buys (8 decimals), rounded
    half up to 12 decimals.
#}
{% macro exchange_rate(units_per_euro, reporting_units_per_euro) -%}
    {%- set dividend -%} ({{ as_integer(reporting_units_per_euro, 8) }} * {{ wide_integer(10 ** 12) }}) {%- endset -%}
    cast(
        cast({{ rounded_quotient(dividend, as_integer(units_per_euro, 8)) }} as decimal(38, 0))
        * cast('0.000000000001' as decimal(13, 12)) as decimal(20, 12)
    )
{%- endmacro %}
