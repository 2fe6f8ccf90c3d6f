{#
    A table, put in the place of the one before by one statement. dbt's own way builds beside it, renames twice and drops
    the old one: a third of a close, for a name that nobody reads while the close holds the warehouse. What fails leaves
    the old table as it was: a model is one statement, or one transaction of two.
#}
{% materialization table, adapter='duckdb' %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {%- if existing_relation is not none and not existing_relation.is_table -%}
        {%- do adapter.drop_relation(existing_relation) -%}
    {%- endif -%}
    {%- if config.get('contract').enforced -%}
        {%- call statement('main') -%}
            {{ get_assert_columns_equivalent(compiled_code) }}
            create or replace table {{ target_relation }} {{ get_table_columns_and_constraints() }};
            insert into {{ target_relation }} {{ get_column_names() }} ({{ get_select_subquery(compiled_code) }});
        {%- endcall -%}
        {%- do adapter.commit() -%}
    {%- else -%}
        {%- call statement('main', auto_begin=False) -%}
            create or replace table {{ target_relation }} as ({{ compiled_code }});
        {%- endcall -%}
    {%- endif -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
