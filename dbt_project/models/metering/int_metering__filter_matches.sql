-- R-FILTER: the filter that prices an event: of those that match, the one with most keys, then the first in the file.
-- A filter matches if for each of its keys the event's value is in its list. Where none does, the default price holds.
-- Grain: one row per (charge_row_number, filter_values); the combinations that occur, not the events.

with

combinations as (
    select distinct charge_row_number, filter_values
    from {{ ref('int_metering__measured_events') }}
    where filter_values is not null
),

accepted_values as (
    select charge_row_number, filter_code, property_name, property_value
    from {{ ref('stg_catalog__charge_filter_values') }}
),

filters as (
    select charge_row_number, filter_code, position
    from {{ ref('stg_catalog__charge_prices') }}
    where filter_code is not null
),

filter_sizes as (
    select
        charge_row_number,
        filter_code,
        count(distinct property_name) as key_count
    from accepted_values
    group by charge_row_number, filter_code
),

matched_keys as (
    select
        combinations.charge_row_number,
        combinations.filter_values,
        accepted_values.filter_code,
        count(distinct accepted_values.property_name) as key_count
    from combinations
    inner join accepted_values
        on
            combinations.charge_row_number = accepted_values.charge_row_number
            and {{ json_text('combinations.filter_values', 'accepted_values.property_name') }}
            = accepted_values.property_value
    group by combinations.charge_row_number, combinations.filter_values, accepted_values.filter_code
),

ranked as (
    select
        matched_keys.charge_row_number,
        matched_keys.filter_values,
        matched_keys.filter_code,
        row_number() over (
            partition by matched_keys.charge_row_number, matched_keys.filter_values
            order by matched_keys.key_count desc, filters.position
        ) as match_rank
    from matched_keys
    inner join filter_sizes
        on
            matched_keys.charge_row_number = filter_sizes.charge_row_number
            and matched_keys.filter_code = filter_sizes.filter_code
            and matched_keys.key_count = filter_sizes.key_count
    inner join filters
        on
            matched_keys.charge_row_number = filters.charge_row_number
            and matched_keys.filter_code = filters.filter_code
),

matches as (
    select charge_row_number, filter_values, filter_code
    from ranked
    where match_rank = 1
)

select * from matches
