{#
    R-LINE: what a line bills, the same at every computation: subscription, type of fee, charge, filter, group, the first
    instant of the segment, and for a fee in advance its event. `relation` has these columns.
#}
{% macro line_key(relation, fee_type, event=none) -%}
    {{ relation }}.subscription_id || '/' || {{ fee_type }} || '/' || coalesce({{ relation }}.charge_code, '') || '/'
    || coalesce({{ relation }}.filter_code, '') || '/' || coalesce({{ relation }}.group_key, '') || '/'
    || {{ iso_instant(relation ~ '.segment_starts_at') }}{% if event %} || '/' || {{ event }}{% endif %}
{%- endmacro %}
