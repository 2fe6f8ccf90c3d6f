-- Each UTC day since the last close, of each metric and source of files that had events on nearly every day before.
-- Grain: one row per (kind, name, usage_date).
with earlier_publications as ({earlier_publications}),

window_bounds as (
    select max(close_date) as first_day, cast($close_date as date) as day_after from earlier_publications
    having max(close_date) is not null
),

arrived as (
    select 'metric' as kind, hours.code as name, cast(hours.hour_starts_at as date) as usage_date,
        sum(hours.event_count) as event_count
    from landing.fct_usage_hours as hours, window_bounds
    where
        hours.field_name = '' and hours.code is not null and hours.batch_number <= $cutoff_batch
        and hours.hour_starts_at >= window_bounds.first_day - $days
        and hours.hour_starts_at < window_bounds.day_after
    group by hours.code, cast(hours.hour_starts_at as date)
    union all
    select 'source' as kind,
        regexp_replace(
            case
                when contains(files.file_name, '/') then regexp_replace(files.file_name, '/[^/]*$', '')
                else files.file_name
            end, '[0-9]+', '#', 'g'
        ) as name,
        cast(events.event_at as date) as usage_date,
        count(*) as event_count
    from landing.fct_events as events
    inner join landing.files as files on events.file_hash = files.file_hash
    cross join window_bounds
    where
        events.batch_number <= $cutoff_batch
        and events.event_at >= window_bounds.first_day - $days
        and events.event_at < window_bounds.day_after
    group by all
),

usual as (
    select arrived.kind, arrived.name, count(*) as day_count, cast(median(arrived.event_count) as bigint) as usual_events
    from arrived, window_bounds
    where arrived.usage_date < window_bounds.first_day
    group by arrived.kind, arrived.name
    having count(*) >= $usual_share * $days
)

select usual.kind, usual.name, cast(days_listed.day as date) as usage_date,
    cast(coalesce(arrived.event_count, 0) as bigint) as value,
    1 as least, usual.usual_events, cast(usual.day_count as integer) as usual_days
from usual
cross join window_bounds
cross join lateral generate_series(
    window_bounds.first_day, window_bounds.day_after - 1, interval '1 day'
) as days_listed (day)
left join arrived
    on
        usual.kind = arrived.kind and usual.name = arrived.name
        and cast(days_listed.day as date) = arrived.usage_date
order by usual.kind, usual.name, usage_date
