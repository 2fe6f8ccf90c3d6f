{# The first day of the calendar period (Monday, 1st of the month, 1 January) that a date lies in. #}
{% macro calendar_period_start(local_date, interval_word) -%}
    cast(
        case {{ interval_word }}
            when 'weekly' then date_trunc('week', {{ local_date }})
            when 'monthly' then date_trunc('month', {{ local_date }})
            when 'yearly' then date_trunc('year', {{ local_date }})
        end as date
    )
{%- endmacro %}


{# `step_count` calendar periods after a period's first day. Always from the first day, never step by step: repeated month steps drift. #}
{% macro calendar_period_after(first_day, interval_word, step_count) -%}
    cast(
        case {{ interval_word }}
            when 'weekly' then {{ first_day }} + 7 * {{ step_count }} * interval '1' day
            when 'monthly' then {{ first_day }} + {{ step_count }} * interval '1' month
            when 'yearly' then {{ first_day }} + 12 * {{ step_count }} * interval '1' month
        end as date
    )
{%- endmacro %}


{# How many calendar periods lie between a period's first day and a later date; never fewer than there are. #}
{% macro calendar_periods_until(first_day, interval_word, until_date) -%}
    case {{ interval_word }}
        when 'weekly' then {{ integer_quotient(days_between(first_day, until_date), 7) }} + 1
        when 'monthly' then
            12 * (year({{ until_date }}) - year({{ first_day }})) + month({{ until_date }}) - month({{ first_day }}) + 1
        when 'yearly' then year({{ until_date }}) - year({{ first_day }}) + 1
    end
{%- endmacro %}
