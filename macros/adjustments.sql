{# R-ADJUST: within what differences are netted: the invoice that billed them and their plan period, which is reopened whole. #}
{% macro netted_with(relation) -%}
    coalesce({{ relation }}.original_invoice_number, '') || '/' || {{ relation }}.subscription_id || '/'
    || cast({{ relation }}.plan_period_number as varchar)
{%- endmacro %}


{# R-ADJUST: the family whose periods bill a type of fee. #}
{% macro fee_family_of(fee_type) -%}
    case {{ fee_type }}
        when 'subscription' then 'base'
        when 'fixed_charge' then 'fixed'
        when 'fixed_charge_in_advance' then 'fixed_in_advance'
        when 'commitment_true_up' then 'commitment'
        when 'progressive_charge' then 'progressive'
        when 'progressive_maximum' then 'progressive'
        when 'progressive_credit' then 'progressive'
        else 'usage'
    end
{%- endmacro %}


{#
    R-ADJUST: what a fee is compared under when its period is computed again: its line_key, that of an adjustment without
    its first two parts. Fees in advance share the key of their charge, filter, group and segment: which of several events
    passed a mark may change without a change of what all of them owe.
#}
{% macro compared_key(fee, starts_at) -%}
    case
        when {{ fee }}.fee_type = 'charge_in_advance'
            then {{ fee }}.subscription_id || '/charge_in_advance/' || {{ fee }}.charge_code || '/'
                || coalesce({{ fee }}.filter_code, '') || '/' || coalesce({{ fee }}.group_key, '') || '/'
                || {{ iso_instant(fee ~ '.' ~ starts_at) }}
        when {{ fee }}.line_key like 'adjustment/%' then substr({{ fee }}.line_key, 23)
        else {{ fee }}.line_key
    end
{%- endmacro %}


{# R-NOTE: whether a credited line gives back unused days at the end of a subscription. #}
{% macro is_note_of_an_end(cause) -%}
    ({{ cause }} in ('terminated', 'upgrade', 'downgrade'))
{%- endmacro %}
