-- Billed usage by UTC day: a day's late usage is billed by a later publication and adds to it.
-- Grain: one row per (subscription_id, metric_code, usage_date).

with

publications as (select publication_sequence from issued.publications),

visible as (
    select
        usage_daily.subscription_id,
        usage_daily.metric_code,
        usage_daily.usage_date,
        usage_daily.event_count,
        usage_daily.quantity
    from issued.usage_daily
    inner join publications on usage_daily.publication_sequence = publications.publication_sequence
),

summed_over_publications as (
    select
        subscription_id,
        metric_code,
        usage_date,
        cast(sum(event_count) as bigint) as event_count,
        cast(sum(quantity) as decimal(38, 9)) as quantity
    from visible
    group by subscription_id, metric_code, usage_date
)

select * from summed_over_publications
