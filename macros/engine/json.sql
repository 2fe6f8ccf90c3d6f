{#
    JSON as ingest reads it. The engines' JSON functions turn numbers into binary floats; so every number of a line is put
    in quotes (`quote_json_numbers`) before one of them sees it, and the digits arrive as they were sent.
#}

{# Whether a text is one JSON value. #}
{% macro is_json(text) -%}
    {{ return(adapter.dispatch('is_json', 'meterhouse')(text)) }}
{%- endmacro %}

{% macro duckdb__is_json(text) -%}
    json_valid({{ text }})
{%- endmacro %}

{% macro spark__is_json(text) -%}
    (try_parse_json({{ text }}) is not null)
{%- endmacro %}


{# The position, from 1, of the first of `keys` that the JSON object has; NULL if it has none or is no object. #}
{% macro first_json_key(json, keys) -%}
    {{ return(adapter.dispatch('first_json_key', 'meterhouse')(json, keys)) }}
{%- endmacro %}

{% macro duckdb__first_json_key(json, keys) -%}
    list_position(json_exists({{ json }}, ['$."{{ keys | join('"\', \'$."') }}"']), true)
{%- endmacro %}


{# Whether a key occurs twice in one of the objects at `paths`: then nobody can say which value was meant. #}
{% macro json_has_repeated_key(json, paths) -%}
    {{ return(adapter.dispatch('json_has_repeated_key', 'meterhouse')(json, paths)) }}
{%- endmacro %}

{% macro duckdb__json_has_repeated_key(json, paths) -%}
    (
        {%- for path in paths %}
        {{ 'or ' if not loop.first -}}
        coalesce(list_unique(json_keys({{ json }}, '{{ path }}')) < len(json_keys({{ json }}, '{{ path }}')), false)
        {%- endfor %}
    )
{%- endmacro %}


{#
    A record of some keys of a JSON object, each read once: `texts` as text, `objects` as JSON text (a JSON string keeps
    its quotes there, so that it cannot pass for an object). With `inside`, the keys stand in the object under that key,
    and so do the fields of the record. Absent and null are NULL.
#}
{% macro json_record(json, texts, objects, inside=none) -%}
    {{ return(adapter.dispatch('json_record', 'meterhouse')(json, texts, objects, inside)) }}
{%- endmacro %}

{% macro duckdb__json_record(json, texts, objects, inside) -%}
    {%- set fields = {} -%}
    {%- for name in texts %}{% do fields.update({name: 'VARCHAR'}) %}{% endfor -%}
    {%- for name in objects %}{% do fields.update({name: 'JSON'}) %}{% endfor -%}
    json_transform({{ json }}, '{{ tojson({inside: fields} if inside else fields) }}')
{%- endmacro %}


{# The value under a key of a JSON object as text; NULL if absent or null. The key may be an expression. #}
{% macro json_text(json, key) -%}
    {{ return(adapter.dispatch('json_text', 'meterhouse')(json, key)) }}
{%- endmacro %}

{% macro duckdb__json_text(json, key) -%}
    json_extract_string({{ json }}, '$."' || {{ key }} || '"')
{%- endmacro %}

{% macro spark__json_text(json, key) -%}
    get_json_object({{ json }}, '$[\'' || {{ key }} || '\']')
{%- endmacro %}


{# One text for all ways to write the same JSON: keys sorted at every depth, no blanks. Its numbers must be quoted. #}
{% macro canonical_json(json) -%}
    {{ return(adapter.dispatch('canonical_json', 'meterhouse')(json)) }}
{%- endmacro %}

{% macro duckdb__canonical_json(json) -%}
    json_normalize({{ json }})
{%- endmacro %}
