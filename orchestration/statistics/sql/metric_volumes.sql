-- Each whole UTC day of the periods that are due, by metric, with the same weekday of earlier weeks, oldest first: of
-- the same subscriptions, so that a new customer, or another billing date, is no drift.
-- Grain: one row per (metric_code, usage_date) with enough weeks and events.
with earlier_publications as ({earlier_publications}),

earlier_usage as (
    select usage_daily.subscription_id, usage_daily.metric_code, usage_daily.usage_date,
        usage_daily.event_count, usage_daily.quantity
    from issued.usage_daily as usage_daily
    inner join earlier_publications
        on usage_daily.publication_sequence = earlier_publications.publication_sequence
),

usage_by_day as (
    select subscription_id, metric_code, usage_date, sum(event_count) as event_count, sum(quantity) as quantity
    from (
        select * from earlier_usage
        union all
        select subscription_id, metric_code, usage_date, event_count, quantity from metering.fct_usage_daily
    ) as all_usage
    group by subscription_id, metric_code, usage_date
),

-- The last UTC day that a period touches is whole only with the next one.
due as (
    select subscription_id,
        cast(date_trunc('day', min(period_starts_at)) as date) as first_day,
        cast(date_trunc('day', max(period_ends_at)) as date) as day_after
    from invoicing.fct_billed_periods
    where fee_family = 'usage' and not coalesce(is_adjustment, false)
    group by subscription_id
),

begun as (
    select periods.subscription_id,
        cast(min(periods.period_starts_at) + interval '1 day' - interval '1 microsecond' as date) as first_day
    from issued.billed_periods as periods
    inner join earlier_publications
        on periods.publication_sequence = earlier_publications.publication_sequence
    where periods.fee_family = 'usage'
    group by periods.subscription_id
),

days as (
    select due.subscription_id, cast(days_listed.day as date) as usage_date,
        cast(floor((cast(days_listed.day as date) - begun.first_day) / 7) as integer) as weeks
    from due
    inner join begun on due.subscription_id = begun.subscription_id
    cross join generate_series(due.first_day, due.day_after - 1, interval '1 day') as days_listed (day)
),

compared as (
    select days.subscription_id, metrics.metric_code, days.usage_date, days.weeks
    from days
    inner join (select distinct subscription_id, metric_code from earlier_usage) as metrics
        on days.subscription_id = metrics.subscription_id
    where days.weeks >= $minimum_weeks
),

judged_days as (
    select metric_code, usage_date, least($weeks, min(weeks)) as weeks
    from compared
    group by metric_code, usage_date
),

sums as (
    select compared.metric_code, compared.usage_date,
        cast((compared.usage_date - usage_by_day.usage_date) / 7 as integer) as weeks_before,
        sum(usage_by_day.event_count) as event_count,
        sum(usage_by_day.quantity) as quantity
    from compared
    inner join usage_by_day
        on
            compared.subscription_id = usage_by_day.subscription_id
            and compared.metric_code = usage_by_day.metric_code
            and usage_by_day.usage_date between compared.usage_date - cast(7 * $weeks as integer) and compared.usage_date
            and (compared.usage_date - usage_by_day.usage_date) % 7 = 0
    group by all
),

filled as (
    select judged_days.metric_code, judged_days.usage_date, weeks_listed.weeks_before,
        coalesce(sums.event_count, 0) as event_count,
        cast(coalesce(sums.quantity, 0) as decimal(38, 9)) as quantity
    from judged_days
    cross join range(0, $weeks + 1) as weeks_listed (weeks_before)
    left join sums
        on
            judged_days.metric_code = sums.metric_code
            and judged_days.usage_date = sums.usage_date
            and weeks_listed.weeks_before = sums.weeks_before
    where weeks_listed.weeks_before <= judged_days.weeks
),

listed as (
    select metric_code, usage_date,
        max(quantity) filter (where weeks_before = 0) as value,
        list(quantity order by weeks_before desc) filter (where weeks_before > 0) as history,
        list(cast(usage_date - cast(7 * weeks_before as integer) as date) order by weeks_before desc)
            filter (where weeks_before > 0) as history_dates,
        median(event_count) filter (where weeks_before > 0) as usual_events
    from filled
    group by metric_code, usage_date
),

with_median as (
    select *, list_median(list_transform(history, lambda one: cast(one as double))) as median_quantity
    from listed
    where usual_events >= $minimum_events
),

with_spread as (
    select *,
        1.4826 * list_median(list_transform(history, lambda one: abs(cast(one as double) - median_quantity))) as spread
    from with_median
)

select metric_code, usage_date, dayname(usage_date) as weekday, value,
    cast(median_quantity as decimal(38, 9)) as median,
    -- Of quantities that are never negative, the range is not either.
    cast(
        greatest(
            least(median_quantity * $lowest_ratio, median_quantity - $spreads * spread), least(list_min(history), 0)
        ) as decimal(38, 9)
    ) as lowest,
    cast(greatest(median_quantity * $highest_ratio, median_quantity + $spreads * spread) as decimal(38, 9)) as highest,
    history, history_dates
from with_spread
order by metric_code, usage_date
