{# R-WALLET: whether a wallet pays a fee: one of its fee types or metrics admits it, or it is limited to none.
   scope_fee_types: its words, parted by commas, or NULL. limited_wallet_id: NULL if it is limited to no metric.
   target_wallet_id: NULL unless one of its metrics is that of the fee. #}
{% macro is_admitted_by_wallet(scope_fee_types, limited_wallet_id, scope_fee_type, target_wallet_id) -%}
    (
        ({{ scope_fee_types }} is null and {{ limited_wallet_id }} is null)
        or position(',' || {{ scope_fee_type }} || ',' in ',' || {{ scope_fee_types }} || ',') > 0
        or {{ target_wallet_id }} is not null
    )
{%- endmacro %}

{# The priority of lots that state none, and of what top-up rules put in: the last. The catalog check counts with it too. #}
{% macro last_lot_priority() -%}
    50
{%- endmacro %}
