{# R-BUCKET: the word by which a wallet's scope names a line's fee. Charges and what limits them are one. #}
{% macro scope_fee_type(fee_type) -%}
    case
        when {{ fee_type }} in ('fixed_charge', 'fixed_charge_in_advance') then 'fixed_charge'
        when {{ fee_type }} in ('commitment_true_up', 'period_maximum') then 'commitment'
        when {{ fee_type }} in ('subscription', 'add_on', 'manual') then {{ fee_type }}
        else 'charge'
    end
{%- endmacro %}
