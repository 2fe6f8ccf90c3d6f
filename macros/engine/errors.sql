{# Errors as values: what to do where an engine would stop without saying at which row. #}

{# `expression`, or NULL where computing it would overflow. Whoever takes the NULL must refuse it by name. #}
{% macro null_on_overflow(expression) -%}
    {{ return(adapter.dispatch('null_on_overflow', 'meterhouse')(expression)) }}
{%- endmacro %}

{% macro duckdb__null_on_overflow(expression) -%}
    try({{ expression }})
{%- endmacro %}


{# `value`; where it is NULL the query stops with `message`, a text expression that names the row. #}
{% macro value_or_error(value, message, data_type) -%}
    {{ return(adapter.dispatch('value_or_error', 'meterhouse')(value, message, data_type)) }}
{%- endmacro %}

{% macro duckdb__value_or_error(value, message, data_type) -%}
    coalesce({{ value }}, cast(error({{ message }}) as {{ data_type }}))
{%- endmacro %}

{% macro spark__value_or_error(value, message, data_type) -%}
    coalesce({{ value }}, cast(raise_error({{ message }}) as {{ data_type }}))
{%- endmacro %}


{# What is said of a charge whose amount no line can hold, or whose price is missing. #}
{% macro amount_fault(charge_code, subscription_id) -%}
    'No amount for charge ' || {{ charge_code }} || ' of subscription ' || {{ subscription_id }}
    || ': its price is missing, or the amount (a walk''s: amount x days) has more than 16 digits'
    || ' before the point.'
{%- endmacro %}
