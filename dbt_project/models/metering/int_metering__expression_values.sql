-- R-EXPR: the value of a metric's expression for each of its events, exact, or the fault that keeps it from having one.
-- Properties are counted in 10^-12, an absent factor is 1. A product of two and a numerator has up to 96 digits, so it is
-- added up in six places of 12 digits: 30 terms stay below 2^127 in each, then what is too much is carried upward.
-- Grain: one row per (file_hash, line_number) of a metric with an expression.

{%- set base = wide_integer(10 ** 12) %}
{%- set products = [
    'value_1_0 * value_2_0', 'value_1_0 * value_2_1 + value_1_1 * value_2_0',
    'value_1_0 * value_2_2 + value_1_1 * value_2_1 + value_1_2 * value_2_0',
    'value_1_1 * value_2_2 + value_1_2 * value_2_1', 'value_1_2 * value_2_2',
] %}

with

events as (
    select file_hash, line_number, metric_code, properties from {{ ref('int_metering__candidate_events') }}
),

terms as (
    select metric_code, property_name_1, property_name_2, numerator, denominator
    from {{ ref('stg_catalog__metric_terms') }}
),

with_their_factors as (
    select
        events.file_hash, events.line_number,
        {{ wide_integer('terms.numerator') }} as numerator,
        {{ wide_integer('terms.denominator') }} as denominator,
        {% for property_name in ('terms.property_name_1', 'terms.property_name_2') -%}
            case
                when {{ property_name }} is null then '1'
                else coalesce({{ json_text('events.properties', property_name) }}, '')
            end as text_{{ loop.index }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from events
    inner join terms on events.metric_code = terms.metric_code
),

-- Each text is read once: to read it anew in the columns of every term takes half a second to plan alone.
numbers as (
    select
        text,
        {{ as_integer(exact_decimal('text', 24, 12), 12) }} as value,
        {{ exact_decimal_fault('text', 24, 12) }} as fault
    from (select text_1 as text from with_their_factors union select text_2 as text from with_their_factors) as texts
),

split_into_places as (
    select
        factors.file_hash, factors.line_number,
        factors.denominator,
        least(numbers_1.fault, numbers_2.fault) as property_fault,
        {% for place, name in [
            ('value_1', 'numbers_1.value'), ('value_2', 'numbers_2.value'), ('numerator', 'factors.numerator')
        ] -%}
            {{ name }} % {{ base }} as {{ place }}_0,
            {{ integer_quotient(name, base) }} % {{ base }} as {{ place }}_1,
            {{ integer_quotient(name, wide_integer(10 ** 24)) }} as {{ place }}_2{% if not loop.last %},{% endif %}
        {% endfor %}
    from with_their_factors as factors
    inner join numbers as numbers_1 on factors.text_1 = numbers_1.text
    inner join numbers as numbers_2 on factors.text_2 = numbers_2.text
),

-- Of several faulty properties, a fault is named in the order not_numeric, out_of_range, too_precise: the alphabet's.
-- A numerator has two places only, because the loader refuses more than 24 digits: `numerator_2` is 0.
added_up as (
    select
        file_hash, line_number,
        max(denominator) as denominator,
        min(property_fault) as property_fault,
        sum(numerator_0 * value_1_0 * value_2_0) as place_0,
        {% for place in range(1, 5) -%}
            sum(numerator_0 * ({{ products[place] }}) + numerator_1 * ({{ products[place - 1] }})) as place_{{ place }},
        {% endfor -%}
        sum(numerator_1 * value_1_2 * value_2_2) as place_5,
        {{ wide_integer(0) }} as carry_0
    from split_into_places
    group by file_hash, line_number
),

-- The sum of the terms is head x 10^36 + tail, with 0 <= tail < 10^36. A sixth place beyond 10^12 is cut to that: out of
-- range in any case, it must not overflow on the way.
carried as (
    select
        file_hash, line_number,
        denominator,
        property_fault,
        {% for place in range(5) -%}
            {{ floored_quotient('(place_%d + carry_%d)' % (place, place), base) }} as carry_{{ place + 1 }},
            place_{{ place }} + carry_{{ place }} - carry_{{ place + 1 }} * {{ base }} as rest_{{ place }},
        {% endfor -%}
        greatest(least(place_5 + carry_5, {{ base }}), -{{ base }}) * {{ wide_integer(10 ** 24) }}
        + rest_4 * {{ base }} + rest_3 as head,
        rest_2 * {{ wide_integer(10 ** 24) }} + rest_1 * {{ base }} + rest_0 as tail
    from added_up
),

-- The value in 10^-9 is that sum ÷ (10^15 x denominator); the denominator is 10^21 at most. A head beyond 1000 x
-- denominator is out of range whatever the tail is: cut to one more, its product stays small.
divided as (
    select
        file_hash, line_number,
        property_fault,
        {{ wide_integer(10 ** 24) }} as limit_nanos,
        1000 * denominator + 1 as bound,
        tail % ({{ wide_integer(10 ** 15) }} * denominator) as remainder,
        greatest(least(head, bound), -bound) * {{ integer_quotient(wide_integer(10 ** 21), 'denominator') }}
        + {{ integer_quotient('tail', '(' ~ wide_integer(10 ** 15) ~ ' * denominator)') }} as nanos
    from carried
),

judged as (
    select
        file_hash, line_number,
        nanos,
        -- nanos is rounded down: at the lower limit, what is left over puts the value above it.
        case
            when property_fault is not null then property_fault
            when nanos >= limit_nanos or nanos < -limit_nanos then 'out_of_range'
            when nanos = -limit_nanos and remainder = 0 then 'out_of_range'
            when remainder <> 0 then 'too_precise'
        end as fault
    from divided
),

valued as (
    select
        file_hash, line_number,
        case
            when fault is null
                then cast(cast(nanos as decimal(24, 0)) * cast('0.000000001' as decimal(10, 9)) as decimal(24, 9))
        end as event_value,
        fault
    from judged
)

select * from valued
