{#
    Valid JSON with every number in quotes, its digits untouched. Two ways to the same text:

    - `quote_json_numbers_of_objects` costs a fifth, and sees only numbers after `":`. In JSON without `[` all of them
      stand there. Where such a place lies inside a string, the quotes end that string early and a bare number follows,
      which is never valid JSON: so valid output is right output.
    - `quote_json_numbers_anywhere` reads strings as a whole and is right for all JSON.

    The model that uses them tries the first and falls back on the second.
#}
{% macro quote_json_numbers_of_objects(json) -%}
    {{ return(adapter.dispatch('quote_json_numbers_of_objects', 'meterhouse')(json)) }}
{%- endmacro %}

{% macro duckdb__quote_json_numbers_of_objects(json) -%}
    regexp_replace({{ json }}, '":\s*(-?[0-9][0-9.eE+-]*)', '":"\1"', 'g')
{%- endmacro %}

{% macro spark__quote_json_numbers_of_objects(json) -%}
    regexp_replace({{ json }}, '":[ \\t]*(-?[0-9][0-9.eE+-]*)', '":"$1"')
{%- endmacro %}


{#
    A match is a string (group 1) or a number (group 2); both are followed by a control character that JSON text cannot
    hold, and numbers preceded by one. Behind a string two of them meet and vanish; what is left surrounds numbers.
#}
{% macro quote_json_numbers_anywhere(json) -%}
    {{ return(adapter.dispatch('quote_json_numbers_anywhere', 'meterhouse')(json)) }}
{%- endmacro %}

{% macro duckdb__quote_json_numbers_anywhere(json) -%}
    replace(
        replace(
            regexp_replace(
                {{ json }},
                '("(?:[^"\\]|\\.)*")|(-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)',
                '\1' || chr(1) || '\2' || chr(1),
                'g'
            ),
            chr(1) || chr(1),
            ''
        ),
        chr(1),
        '"'
    )
{%- endmacro %}


{# Whether `quoted`, made by `quote_json_numbers_of_objects` from the valid `json`, has every number in quotes. #}
{% macro are_json_numbers_quoted(json, quoted) -%}
    (position('[' in {{ json }}) = 0 and {{ is_json(quoted) }})
{%- endmacro %}
