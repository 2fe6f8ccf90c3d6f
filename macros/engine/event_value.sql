{#
    The value that an event carries for a metric: exact, or a named fault, never a float and never a silent zero.
    A value has at most 15 integer digits and 9 decimals (trailing zeros do not count), as the type decimal(24,9) holds.
#}

{# The event's value for a field, NULL if it has none: the event's own quantity, else that property. #}
{% macro event_value(quantity, properties, field_name) -%}
    coalesce({{ quantity }}, {{ exact_decimal(json_text(properties, field_name)) }})
{%- endmacro %}


{# Why `event_value` is NULL: not_numeric (an absent property too), too_precise or out_of_range; NULL if it is not. #}
{% macro event_value_fault(quantity, properties, field_name) -%}
    case when {{ quantity }} is null then {{ exact_decimal_fault(json_text(properties, field_name)) }} end
{%- endmacro %}


{#
    A text as a decimal with so many digits before and behind the decimal point, decimal(24,9) if not said, to the digit;
    NULL where `exact_decimal_fault` names a fault.
#}
{% macro exact_decimal(text, whole_digits=15, decimals=9) -%}
    {%- set number = decimal_parts(text, decimals) -%}
    {%- set type = 'decimal(' ~ (whole_digits + decimals) ~ ', ' ~ decimals ~ ')' -%}
    case
        when {{ is_plain_decimal(text, whole_digits, decimals) }} then cast({{ text }} as {{ type }})
        when {{ exact_decimal_fault(text, whole_digits, decimals) }} is not null then null
        when {{ number.digits }} = '' then cast('0' as {{ type }})
        else
            cast(
                regexp_extract({{ number.text }}, '^-', 0)
                || left({{ number.scaled_digits }}, length({{ number.scaled_digits }}) - {{ decimals }})
                || '.' || right({{ number.scaled_digits }}, {{ decimals }})
                as {{ type }}
            )
    end
{%- endmacro %}


{# What keeps a text from being an `exact_decimal`; NULL if nothing does. #}
{% macro exact_decimal_fault(text, whole_digits=15, decimals=9) -%}
    {%- set number = decimal_parts(text, decimals) -%}
    case
        when {{ text }} is null then 'not_numeric'
        when {{ is_plain_decimal(text, whole_digits, decimals) }} then null
        when not {{ matches_pattern(number.text, '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?') }}
            then 'not_numeric'
        when {{ number.digits }} = '' then null
        when {{ number.whole_count }} > {{ whole_digits }} then 'out_of_range'
        when {{ number.decimal_count }} > {{ decimals }} then 'too_precise'
    end
{%- endmacro %}


{# The usual case, which can be cast as it is. #}
{% macro is_plain_decimal(text, whole_digits, decimals) -%}
    {{ matches_pattern(text, '-?[0-9]{1,' ~ whole_digits ~ '}([.][0-9]{1,' ~ decimals ~ '})?') }}
{%- endmacro %}


{#
    Expressions over the text of a number: digits (without the zeros at both ends), how many of its digits stand before
    and after the decimal point once the exponent has moved it, and scaled_digits, the number as an integer count of
    10^-decimals. Counting digits needs no number type that an exponent such as 1e999999999 could overflow.
#}
{% macro decimal_parts(text, decimals) -%}
    {%- set trimmed = 'trim(' ~ text ~ ')' -%}
    {%- set mantissa = "regexp_replace(" ~ trimmed ~ ", '[eE].*$', '')" -%}
    {%- set exponent_text = "regexp_extract(" ~ trimmed ~ ", '[eE]([+-]?[0-9]+)$', 1)" -%}
    {#- Beyond 10^18 all exponents are alike: no mantissa has the digits to make up for one. -#}
    {%- set exponent -%}
        greatest(least(coalesce(
            try_cast(nullif({{ exponent_text }}, '') as bigint),
            case left({{ exponent_text }}, 1) when '' then 0 when '-' then {{ -(10 ** 18) }} else {{ 10 ** 18 }} end
        ), {{ 10 ** 18 }}), {{ -(10 ** 18) }})
    {%- endset -%}
    {%- set fraction_length = "length(regexp_extract(" ~ mantissa ~ ", '[.]([0-9]*)$', 1))" -%}
    {%- set unsigned = "regexp_replace(" ~ mantissa ~ ", '^[+-]', '')" -%}
    {%- set all_digits = "regexp_replace(replace(" ~ unsigned ~ ", '.', ''), '^0+', '')" -%}
    {%- set digits = "regexp_replace(" ~ all_digits ~ ", '0+$', '')" -%}
    {%- set decimal_count -%}
        ({{ fraction_length }} - (length({{ all_digits }}) - length({{ digits }})) - {{ exponent }})
    {%- endset -%}
    {%- set zero_count = "cast(" ~ decimals ~ " - " ~ decimal_count ~ " as integer)" -%}
    {{ return({
        'text': trimmed,
        'digits': digits,
        'whole_count': '(length(' ~ all_digits ~ ') - ' ~ fraction_length ~ ' + ' ~ exponent ~ ')',
        'decimal_count': decimal_count,
        'scaled_digits': "lpad(" ~ digits ~ " || repeat('0', " ~ zero_count ~ "), cast(greatest(" ~ (decimals + 1)
            ~ ", length(" ~ digits ~ ") + " ~ zero_count ~ ") as integer), '0')",
    }) }}
{%- endmacro %}
