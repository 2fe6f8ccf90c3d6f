{#
    R-ZONE: when a local date begins under one offset from UTC: at midnight minus the offset, or with the offset itself if
    that is later. Of all offsets of a zone under which the date begins at all, the earliest instant counts.
#}
{% macro day_start(local_date, offset_starts_at, offset_seconds) -%}
    greatest({{ offset_starts_at }}, cast({{ local_date }} as timestamp) - {{ offset_seconds }} * interval '1' second)
{%- endmacro %}


{# R-ZONE: the zone in which a customer's days begin: the customer's, else the billing entity's, else UTC. #}
{% macro customer_zone(customers, billing_entities) -%}
    coalesce({{ customers }}.timezone, {{ billing_entities }}.timezone, 'UTC')
{%- endmacro %}
