{# R-ADJUST: within what differences are netted: the invoice that billed them and their plan period, which is reopened whole. #}
{% macro netted_with(relation) -%}
    coalesce({{ relation }}.original_invoice_number, '') || '/' || {{ relation }}.subscription_id || '/'
    || cast({{ relation }}.plan_period_number as varchar)
{%- endmacro %}


{#
    R-ADJUST: what a fee is compared under when its period is computed again: its line_key, that of an adjustment without
    its first two parts. Fees in advance share the key of their charge, filter, group and segment: which of several events
    passed a mark may change without a change of what all of them owe. What a progressive invoice billed stands under the
    key of the fee that the period's invoice bills for it.
#}
{% macro compared_key(fee, starts_at) -%}
    case
        when {{ fee }}.fee_type in ('charge_in_advance', 'progressive_charge', 'progressive_maximum')
            then {{ fee }}.subscription_id || '/' || {{ usage_fee_type(fee ~ '.fee_type') }} || '/' || {{ fee }}.charge_code
                || '/' || coalesce({{ fee }}.filter_code, '') || '/' || coalesce({{ fee }}.group_key, '') || '/'
                || {{ iso_instant(fee ~ '.' ~ starts_at) }}
        when {{ fee }}.line_key like 'adjustment/%' then substr({{ fee }}.line_key, 23)
        else {{ fee }}.line_key
    end
{%- endmacro %}


{# R-ADJUST: which fee it is, whatever part of its period it is of: its type, charge, filter and group. #}
{% macro fee_name(relation) -%}
    {{ usage_fee_type(relation ~ '.fee_type') }} || '/' || coalesce({{ relation }}.charge_code, '') || '/'
    || coalesce({{ relation }}.filter_code, '') || '/' || coalesce({{ relation }}.group_key, '')
{%- endmacro %}


{# R-PROGRESSIVE: the type of fee that the period's invoice bills for what a progressive one billed; other types as they are. #}
{% macro usage_fee_type(fee_type) -%}
    case {{ fee_type }}
        when 'progressive_charge' then 'charge'
        when 'progressive_maximum' then 'charge_maximum'
        else {{ fee_type }}
    end
{%- endmacro %}


{#
    R-ADJUST: what a note may take of a line, where its invoice has less left than its lines: the newest lines give first.
    `room` is what is left, `amount` what the line would give, `within` what shares the room.
#}
{% macro held_to_room(amount, room, within) -%}
    least(
        {{ amount }},
        greatest(
            {{ room }} - coalesce(
                sum(greatest({{ amount }}, 0)) over (
                    partition by {{ within }}
                    order by line_number desc
                    rows between unbounded preceding and 1 preceding
                ), 0
            ), 0
        )
    )
{%- endmacro %}


{# R-ADJUST: whether a credited line is of a note that corrects what was billed: none of an end, of progressive billing, or by hand. #}
{% macro is_note_of_a_correction(cause) -%}
    (not {{ is_note_of_an_end(cause) }} and {{ cause }} not in ('progressive_billing', 'manual'))
{%- endmacro %}


{# R-NOTE: whether a credited line gives back unused days at the end of a subscription. #}
{% macro is_note_of_an_end(cause) -%}
    ({{ cause }} in ('terminated', 'upgrade', 'downgrade'))
{%- endmacro %}
