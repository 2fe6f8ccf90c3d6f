{#
    One UUID for a list of texts. Each text is preceded by its length, so that ('ab', 'c') and ('a', 'bc') differ
    whatever characters an id holds, and NULL differs from the empty text.
#}
{% macro md5_uuid(texts) -%}
    {{ return(adapter.dispatch('md5_uuid', 'meterhouse')(texts)) }}
{%- endmacro %}

{% macro default__md5_uuid(texts) -%}
    {{ uuid_of_hex('md5(' ~ length_prefixed(texts) ~ ')') }}
{%- endmacro %}

{% macro length_prefixed(texts) -%}
    {%- for text in texts -%}
        coalesce(cast(length({{ text }}) as string) || ':' || {{ text }}, '-')
        {%- if not loop.last %} || {% endif -%}
    {%- endfor -%}
{%- endmacro %}


{# 32 hexadecimal digits as the engine's compact key: 16 bytes where there is such a type, else the text. #}
{% macro uuid_of_hex(hex_text) -%}
    {{ return(adapter.dispatch('uuid_of_hex', 'meterhouse')(hex_text)) }}
{%- endmacro %}

{% macro duckdb__uuid_of_hex(hex_text) -%}
    cast({{ hex_text }} as uuid)
{%- endmacro %}

{% macro spark__uuid_of_hex(hex_text) -%}
    {{ hex_text }}
{%- endmacro %}
