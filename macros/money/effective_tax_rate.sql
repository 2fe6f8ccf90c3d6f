{#
    R-TOTAL: unrounded tax (21 decimals) in percent of what is taxed, the subtotal (4 decimals), rounded half away from zero to 5
    decimals; where that is 0, the mean of the rates (5 decimals) of its lines.
    Tax x 10^21 over subtotal x 10^4 is the quotient at scale 17: percent at scale 5 lack ten of these digits.
#}
{% macro effective_tax_rate(tax, subtotal, rates, line_count) -%}
    {%- set subtotal_units -%} abs({{ as_integer(subtotal, 4) }}) {%- endset -%}
    {%- set by_amounts -%}
        {{ rounded_quotient('abs(' ~ as_integer(tax, 21) ~ ')', '(' ~ subtotal_units ~ ' * ' ~ wide_integer(10 ** 10) ~ ')') }}
    {%- endset -%}
    {%- set by_lines -%} {{ rounded_quotient(as_integer(rates, 5), line_count) }} {%- endset -%}
    cast(
        cast(case when {{ subtotal }} = 0 then {{ by_lines }} else {{ by_amounts }} end as decimal(38, 0))
        * cast('0.00001' as decimal(6, 5)) as decimal(20, 5)
    )
{%- endmacro %}
