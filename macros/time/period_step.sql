{#
    R-PERIOD: what periods are counted from: the anchor, or for calendar periods a Monday that is 1 January too, so that
    weeks, months, quarters, half-years and years all begin a whole number of steps from it.
#}
{% macro period_origin(anchor_date, billing_time) -%}
    case when {{ billing_time }} = 'anniversary' then {{ anchor_date }} else date '2001-01-01' end
{%- endmacro %}


{# First day of period number `number`. Always from the origin, never step by step: 31 January, 28 February, 31 March. #}
{% macro period_start(origin_date, interval_word, number) -%}
    cast(
        case {{ interval_word }}
            when 'weekly' then {{ origin_date }} + 7 * {{ number }} * interval '1' day
            else {{ origin_date }} + {{ months_of_interval(interval_word) }} * {{ number }} * interval '1' month
        end as date
    )
{%- endmacro %}


{#
    Number of the period that begins in the week or month of a date, or last before it: the date lies in it or the one before.
    The macros below take it as a column: written out in each place it makes statements that take longer to read than to run.
#}
{% macro period_number(origin_date, interval_word, local_date) -%}
    case {{ interval_word }}
        when 'weekly' then {{ floored_quotient(days_between(origin_date, local_date), 7) }}
        else {{ floored_quotient(
            '(12 * (year(' ~ local_date ~ ') - year(' ~ origin_date ~ ')) + month(' ~ local_date ~ ') - month('
            ~ origin_date ~ '))', months_of_interval(interval_word)
        ) }}
    end
{%- endmacro %}


{# Number of the period in which a date lies; `number` is its `period_number`. #}
{% macro containing_period_number(origin_date, interval_word, number, local_date) -%}
    {{ number }} - case when {{ period_start(origin_date, interval_word, number) }} > {{ local_date }} then 1 else 0 end
{%- endmacro %}


{# First day of the first period that begins after a date; `number` is its `period_number`. #}
{% macro next_period_start(origin_date, interval_word, number, local_date) -%}
    case
        when {{ period_start(origin_date, interval_word, number) }} > {{ local_date }}
            then {{ period_start(origin_date, interval_word, number) }}
        else {{ period_start(origin_date, interval_word, '(' ~ number ~ ' + 1)') }}
    end
{%- endmacro %}


{% macro months_of_interval(interval_word) -%}
    case {{ interval_word }} when 'monthly' then 1 when 'quarterly' then 3 when 'semiannual' then 6 when 'yearly' then 12 end
{%- endmacro %}
