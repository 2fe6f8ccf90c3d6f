{# Joins the texts of a group in a given order. #}
{% macro join_texts(value, separator, order_by) -%}
    {{ return(adapter.dispatch('join_texts', 'meterhouse')(value, separator, order_by)) }}
{%- endmacro %}

{% macro duckdb__join_texts(value, separator, order_by) -%}
    string_agg({{ value }}, {{ separator }} order by {{ order_by }})
{%- endmacro %}

{% macro spark__join_texts(value, separator, order_by) -%}
    listagg({{ value }}, {{ separator }}) within group (order by {{ order_by }})
{%- endmacro %}


{# SHA-256 of a text, 64 lower-case hexadecimal digits. #}
{% macro sha256_hex(value) -%}
    {{ return(adapter.dispatch('sha256_hex', 'meterhouse')(value)) }}
{%- endmacro %}

{% macro duckdb__sha256_hex(value) -%}
    sha256({{ value }})
{%- endmacro %}

{% macro spark__sha256_hex(value) -%}
    sha2({{ value }}, 256)
{%- endmacro %}


{# A UTC instant as ISO 8601 text with microseconds, the same on every engine. #}
{% macro iso_instant(value) -%}
    {{ return(adapter.dispatch('iso_instant', 'meterhouse')(value)) }}
{%- endmacro %}

{% macro duckdb__iso_instant(value) -%}
    strftime({{ value }}, '%Y-%m-%dT%H:%M:%S.%fZ')
{%- endmacro %}

{% macro spark__iso_instant(value) -%}
    date_format({{ value }}, "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'")
{%- endmacro %}
