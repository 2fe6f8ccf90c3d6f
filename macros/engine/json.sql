{#
    JSON as ingest reads it. The engines' JSON functions turn numbers into binary floats; so every number of a line is
    put in quotes (json_numbers.sql) before one of them sees it, and the digits arrive as they were sent.
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


{# The keys of a JSON object as a list; with `inside`, those of the object under that key. No object: empty or NULL. #}
{% macro json_keys(json, inside=none) -%}
    {{ return(adapter.dispatch('json_keys', 'meterhouse')(json, inside)) }}
{%- endmacro %}

{% macro duckdb__json_keys(json, inside) -%}
    json_keys({{ json }}{% if inside %}, '$."{{ inside }}"'{% endif %})
{%- endmacro %}


{#
    Whether a key occurs twice in a list of keys: then nobody can say which value was meant. Comparing all with all is
    the dearest step of ingest, so it is left out where `known_count`, a number of different keys that are known to be
    there, already accounts for all of them.
#}
{% macro has_repeated_key(keys, known_count='1') -%}
    {{ return(adapter.dispatch('has_repeated_key', 'meterhouse')(keys, known_count)) }}
{%- endmacro %}

{% macro duckdb__has_repeated_key(keys, known_count) -%}
    case
        when {{ keys }} is null or len({{ keys }}) <= {{ known_count }} then false
        else list_unique({{ keys }}) < len({{ keys }})
    end
{%- endmacro %}


{# How many of the fields of a `json_record` have a value. #}
{% macro count_of_values(record, fields) -%}
    (
        {%- for field in fields %}
        {{ '+ ' if not loop.first }}case when {{ record }}.{{ field }} is null then 0 else 1 end
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


{#
    The same where the key is a sender's text: one with other characters than letters, digits, blanks and _.:/- would be read as
    part of a path, and has no value.
#}
{% macro json_text_if_named(json, key) -%}
    case when {{ matches_pattern(key, '[A-Za-z0-9_.:/ -]+') }} then {{ json_text(json, key) }} end
{%- endmacro %}


{# One text for all ways to write the same JSON: keys sorted at every depth, no blanks. Its numbers must be quoted. #}
{% macro canonical_json(json) -%}
    {{ return(adapter.dispatch('canonical_json', 'meterhouse')(json)) }}
{%- endmacro %}

{% macro duckdb__canonical_json(json) -%}
    json_normalize({{ json }})
{%- endmacro %}


{# The values of some keys of a JSON object (`names`: an expression, parted by semicolons) as a JSON object of texts. #}
{% macro json_properties(json, names) -%}
    {{ return(adapter.dispatch('json_properties', 'meterhouse')(json, names)) }}
{%- endmacro %}

{% macro duckdb__json_properties(json, names) -%}
    '{' || array_to_string(
        list_transform(
            string_split({{ names }}, ';'),
            lambda name: to_json(trim(name)) || ':'
            || coalesce(to_json(json_extract_string({{ json }}, '$."' || trim(name) || '"')), 'null')
        ),
        ','
    ) || '}'
{%- endmacro %}

{% macro spark__json_properties(json, names) -%}
    '{' || array_join(
        transform(
            split({{ names }}, ';'),
            name -> '"' || trim(name) || '":'
            || coalesce('"' || replace(get_json_object({{ json }}, '$[\'' || trim(name) || '\']'), '"', '\\"') || '"', 'null')
        ),
        ','
    ) || '}'
{%- endmacro %}


{# How many elements the list under a key of a JSON object has; 0 or NULL if there is no list. #}
{% macro json_list_length(json, key) -%}
    {{ return(adapter.dispatch('json_list_length', 'meterhouse')(json, key)) }}
{%- endmacro %}

{% macro duckdb__json_list_length(json, key) -%}
    json_array_length({{ json }}, '$."{{ key }}"')
{%- endmacro %}

{% macro spark__json_list_length(json, key) -%}
    json_array_length(get_json_object({{ json }}, '$.{{ key }}'))
{%- endmacro %}


{# The object at a position, from 0, of the list under a key of a JSON object, as JSON text. #}
{% macro json_list_element(json, key, position) -%}
    {{ return(adapter.dispatch('json_list_element', 'meterhouse')(json, key, position)) }}
{%- endmacro %}

{% macro duckdb__json_list_element(json, key, position) -%}
    cast(json_extract({{ json }}, '$."{{ key }}"[' || cast({{ position }} as varchar) || ']') as varchar)
{%- endmacro %}

{% macro spark__json_list_element(json, key, position) -%}
    get_json_object({{ json }}, '$.{{ key }}[' || cast({{ position }} as string) || ']')
{%- endmacro %}


{# A text as a JSON string, in quotes and with what must be escaped in it. #}
{% macro json_quoted(text) -%}
    {{ return(adapter.dispatch('json_quoted', 'meterhouse')(text)) }}
{%- endmacro %}

{% macro duckdb__json_quoted(text) -%}
    cast(to_json({{ text }}) as varchar)
{%- endmacro %}

{% macro spark__json_quoted(text) -%}
    regexp_extract(to_json(named_struct('v', {{ text }})), '(?s)^.{5}(.*).$', 1)
{%- endmacro %}
