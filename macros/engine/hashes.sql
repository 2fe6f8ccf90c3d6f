{#
    One UUID for a list of texts. Each but the last is preceded by its length, so that ('ab', 'c') and ('a', 'bc')
    differ whatever characters an id holds.
#}
{% macro md5_uuid(texts) -%}
    {{ return(adapter.dispatch('md5_uuid', 'meterhouse')(length_prefixed(texts))) }}
{%- endmacro %}

{# By way of the number: the text of the digest would be made only to be read again. #}
{% macro duckdb__md5_uuid(text) -%}
    cast(md5_number({{ text }}) as uuid)
{%- endmacro %}

{% macro spark__md5_uuid(text) -%}
    md5({{ text }})
{%- endmacro %}

{% macro length_prefixed(texts) -%}
    {%- for text in texts -%}
        {%- if loop.last -%}
            coalesce({{ text }}, '')
        {%- else -%}
            coalesce(cast(length({{ text }}) as string) || ':' || {{ text }}, '-') ||{{ ' ' }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
