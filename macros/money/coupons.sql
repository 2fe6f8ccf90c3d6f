{#
    R-COUPON: credit x part / whole, cut to 12 decimals: shares of running parts differ by the share of each, and add up to the
    credit. `part` and `whole` have at most 12 decimals, `credit` 4. Whole units and the rest are divided apart: their product
    at scale 12 would overflow 38 digits. Beyond 11 digits before the point it stops with the document's name.
#}
{% macro coupon_share(part, credit, whole, document_key) -%}
    {%- set product -%} ({{ as_integer(part, 12) }} * {{ as_integer(credit, 4) }}) {%- endset -%}
    {%- set divisor -%} {{ as_integer(whole, 12) }} {%- endset -%}
    {{ value_or_error(
        null_on_overflow(
            'cast(cast(' ~ integer_quotient(product, divisor) ~ ' as decimal(38, 0))'
            ~ " * cast('0.0001' as decimal(5, 4))"
            ~ ' + cast('
            ~ integer_quotient('((' ~ product ~ ' % ' ~ divisor ~ ') * ' ~ wide_integer(10 ** 8) ~ ')', divisor)
            ~ " as decimal(38, 0)) * cast('0.000000000001' as decimal(13, 12)) as decimal(38, 12))"
        ),
        "'The coupons of ' || " ~ document_key ~ " || ' discount more than 11 digits before the point.'",
        'decimal(38, 12)'
    ) }}
{%- endmacro %}


{#
    R-COUPON: what coupons took off a part of a line: coupons x part / amount of the line, rounded to 9 decimals, 0 where the line
    has none. Beyond 10 digits before the point it stops with the document's name.
#}
{% macro coupon_part(coupon_amount, part, amount, document_key) -%}
    {%- set product -%} (abs({{ as_integer(coupon_amount, 9) }}) * abs({{ as_integer(part, 9) }})) {%- endset -%}
    {%- set divisor -%} abs({{ as_integer(amount, 9) }}) {%- endset -%}
    case
        when {{ coupon_amount }} = 0 then cast(0 as decimal(38, 9))
        else
            {{ value_or_error(
                null_on_overflow(
                    'cast(cast(' ~ rounded_quotient(product, divisor)
                    ~ " as decimal(38, 0)) * cast('0.000000001' as decimal(10, 9)) as decimal(38, 9))"
                ),
                "'What coupons took off ' || " ~ document_key ~ " || ' has more than 10 digits before the point.'",
                'decimal(38, 9)'
            ) }}
    end
{%- endmacro %}
