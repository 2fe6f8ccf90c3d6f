{# A stage's schema bears the stage's name, whatever the target: the folder is the schema is the Dagster group. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
