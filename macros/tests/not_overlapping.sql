{#
    Half-open periods [starts_at, ends_at) of one `key` never overlap, and none ends before it starts: nothing is billed
    twice for one service period. Offenders: the earlier period, and where the next one starts.
#}
{% test not_overlapping(model, key, starts_at, ends_at) %}

select *
from (
    select
        {{ key | join(', ') }},
        {{ starts_at }},
        {{ ends_at }},
        lead({{ starts_at }}) over (
            partition by {{ key | join(', ') }}
            order by {{ starts_at }}, {{ ends_at }}
        ) as next_starts_at
    from {{ model }}
) as periods
where {{ ends_at }} < {{ starts_at }} or {{ ends_at }} > next_starts_at

{% endtest %}
