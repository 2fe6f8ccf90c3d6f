{#
    R-ROUND: an exact amount, rounded half away from zero to the currency's minor unit (ISO 4217: JPY 0, USD 2, KWD 3).
    A `case` because the engine's round() takes a constant precision only; each branch is cast by itself, because branches of
    several scales would silently meet at the first one's. A minor unit that stands in no branch gives NULL, which the
    contract of every published amount refuses.
#}
{% macro round_to_minor_unit(amount, minor_unit) -%}
    case {{ minor_unit }}
        {%- for decimals in [0, 2, 3, 4] %}
        when {{ decimals }} then cast(round({{ amount }}, {{ decimals }}) as decimal(20, 4))
        {%- endfor %}
    end
{%- endmacro %}


{#
    Whole minor units (cents) that fit into an exact amount >= 0. Whole and fraction apart: an amount of 10^14 at scale 21 fills
    38 digits, and has no room for three more.
#}
{% macro whole_minor_units(amount, minor_unit) -%}
    {%- set whole -%} cast(floor({{ amount }}) as decimal(38, 0)) {%- endset -%}
    {%- set fraction -%} cast({{ amount }} - floor({{ amount }}) as decimal(22, 21)) {%- endset -%}
    cast(
        case {{ minor_unit }}
            when 0 then {{ whole }}
            {%- for factor, decimals in [(100, 2), (1000, 3), (10000, 4)] %}
            when {{ decimals }} then {{ whole }} * {{ factor }} + cast(floor({{ fraction }} * {{ factor }}) as decimal(38, 0))
            {%- endfor %}
        end as decimal(38, 0)
    )
{%- endmacro %}


{# One minor unit as an amount: 0.01 for USD, 1 for JPY. #}
{% macro minor_unit_size(minor_unit) -%}
    cast(
        case {{ minor_unit }} when 0 then '1' when 2 then '0.01' when 3 then '0.001' when 4 then '0.0001' end
        as decimal(5, 4)
    )
{%- endmacro %}
