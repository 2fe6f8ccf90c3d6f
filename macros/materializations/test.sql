{#
    A test that runs as one query. Its offenders are stored in a table, for whoever asks why a close is refused, where there
    are some; dbt's own way drops, writes and reads a table for every test that passes: a tenth of a close.
#}
{% materialization test, adapter='duckdb' %}
    {%- set stored_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- call statement('main', fetch_result=True, auto_begin=False) -%}
        {{ get_test_sql(sql, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), config.get('limit')) }}
    {%- endcall -%}
    {%- set failures = load_result('main').data[0][0] -%}
    {%- if should_store_failures() and failures -%}
        {%- call statement('offenders', auto_begin=False) -%}
            create or replace table {{ target_relation }} as ({{ get_limit_subquery_sql(sql, config.get('limit')) }})
        {%- endcall -%}
    {%- elif stored_relation is not none -%}
        {%- do adapter.drop_relation(stored_relation) -%}
    {%- endif -%}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
