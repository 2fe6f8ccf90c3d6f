{#
    R-PRICE-ROW: where the part of a period lies that a price span covers. Bounds of a period that are facts stay as they
    are, also where the zone would put them elsewhere today. `period` and `span` are relations with dates and instants.
#}
{% macro segment_starts_at(period, span) -%}
    case
        when {{ span }}.span_start_date <= {{ period }}.period_start_date then {{ period }}.period_starts_at
        else {{ instant_inside(span ~ '.span_starts_at', period) }}
    end
{%- endmacro %}


{% macro segment_ends_at(period, span) -%}
    case
        when {{ span }}.span_end_date >= {{ period }}.period_end_date then {{ period }}.period_ends_at
        else {{ instant_inside(span ~ '.span_ends_at', period) }}
    end
{%- endmacro %}


{% macro instant_inside(instant, period) -%}
    least(greatest({{ instant }}, {{ period }}.period_starts_at), {{ period }}.period_ends_at)
{%- endmacro %}


{#
    R-BASE: the local days of a period that a price span prices: from the later of the period's first date and the end of its
    trial (`first_dates`, comma-separated; NULL counts for nothing) until the date on which what is billable of it ends.
#}
{% macro days_in_span(first_dates, until_date, span) -%}
    greatest(
        0,
        {{ days_between(
            'greatest(' ~ first_dates ~ ', ' ~ span ~ '.span_start_date)',
            'least(' ~ until_date ~ ', ' ~ span ~ '.span_end_date)'
        ) }}
    )
{%- endmacro %}
