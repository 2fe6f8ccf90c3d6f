{# R-CATALOG: whether a row of the catalog (a filter, its values, a tier) belongs to a charge row: it repeats that row's key. #}
{% macro belongs_to_charge_row(catalog_row, charge) -%}
    {{ catalog_row }}.plan_code = {{ charge }}.plan_code
    and {{ catalog_row }}.charge_code = {{ charge }}.charge_code
    and {{ catalog_row }}.subscription_id is not distinct from {{ charge }}.subscription_id
    and {{ catalog_row }}.first_month is not distinct from {{ charge }}.first_month
    and {{ catalog_row }}.valid_from = {{ charge }}.valid_from
    and {{ catalog_row }}.recorded_at = {{ charge }}.recorded_at
{%- endmacro %}
