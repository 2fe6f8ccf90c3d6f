{#
    The only places where money is divided. The engine's own operators are no help: `/` on decimals is a binary float and
    `//` is not exact; so both sides become integers, and the quotient is rounded half away from zero once.
#}

{#
    R-PRORATE: amount x days / period_days, exact to 21 decimals. `amount` has at most 4 decimals.
    The whole part and the remainder are divided apart, because the dividend at scale 21 would overflow 38 digits.
#}
{% macro prorated_amount(amount, days, period_days) -%}
    {%- set dividend -%} (abs({{ as_integer(amount, 4) }}) * {{ days }}) {%- endset -%}
    {%- set remainder -%} ({{ dividend }} % {{ wide_integer(period_days) }}) {%- endset -%}
    {%- set digits -%} ({{ remainder }} * {{ wide_integer(10 ** 17) }}) {%- endset -%}
    cast(
        case when {{ amount }} < 0 then -1 else 1 end * (
            cast({{ integer_quotient(dividend, wide_integer(period_days)) }} as decimal(38, 0))
            * cast('0.0001' as decimal(5, 4))
            + cast({{ rounded_quotient(digits, wide_integer(period_days)) }} as decimal(38, 0))
            * cast('0.000000000000000000001' as decimal(22, 21))
        ) as decimal(38, 21)
    )
{%- endmacro %}


{#
    R-PRORATED: an exact amount (21 decimals) divided by a whole number of days, rounded half away from zero to 21 decimals.
    The price has been multiplied before: this is the one division, and the last step.
#}
{% macro divided_amount(amount, days) -%}
    {%- set dividend -%} abs({{ as_integer(amount, 21) }}) {%- endset -%}
    cast(
        case when {{ amount }} < 0 then -1 else 1 end
        * cast({{ rounded_quotient(dividend, wide_integer(days)) }} as decimal(38, 0))
        * cast('0.000000000000000000001' as decimal(22, 21)) as decimal(38, 21)
    )
{%- endmacro %}


{# The quotient of two integers >= 0, rounded half up. #}
{% macro rounded_quotient(dividend, divisor) -%}
    ({{ integer_quotient(dividend, divisor) }} + case when 2 * ({{ dividend }} % {{ divisor }}) >= {{ divisor }} then 1 else 0 end)
{%- endmacro %}


{# The quotient of two integers, the divisor > 0, rounded down: what is left over is never negative. #}
{% macro floored_quotient(dividend, divisor) -%}
    ({{ integer_quotient(dividend, divisor) }} - case when {{ dividend }} % {{ divisor }} < 0 then 1 else 0 end)
{%- endmacro %}


{#
    R-UNIT: the price of one unit as displayed: amount / quantity to 12 decimals, 0 at quantity 0.
    amount x 10^21 over quantity x 10^9 is the result at scale 12, so that the two integers are divided as they are.
#}
{% macro displayed_unit_amount(amount, quantity) -%}
    {%- set dividend -%} abs({{ as_integer(amount, 21) }}) {%- endset -%}
    {%- set divisor -%} abs({{ as_integer(quantity, 9) }}) {%- endset -%}
    cast(
        case
            when {{ quantity }} = 0 then 0
            else
                case when ({{ amount }} < 0) = ({{ quantity }} < 0) then 1 else -1 end
                * cast({{ rounded_quotient(dividend, divisor) }} as decimal(38, 0))
                * cast('0.000000000001' as decimal(13, 12))
        end as decimal(38, 12)
    )
{%- endmacro %}


{# R-PACKAGE: how many packages are started by `units` > 0; both have at most 9 decimals. #}
{% macro started_packages(units, package_size) -%}
    cast(
        {{ integer_quotient(
            '(' ~ as_integer(units, 9) ~ ' + ' ~ as_integer(package_size, 9) ~ ' - 1)',
            as_integer(package_size, 9)
        ) }} as decimal(24, 0)
    )
{%- endmacro %}
