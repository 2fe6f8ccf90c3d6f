select
    usage_daily.subscription_id,
    usage_daily.metric_code,
    usage_daily.usage_date,
    cast(sum(usage_daily.event_count) as bigint) as event_count,
    cast(sum(usage_daily.quantity) as decimal(38, 9)) as quantity
from issued.usage_daily as usage_daily
inner join {publications} as publications on usage_daily.publication_sequence = publications.publication_sequence
group by usage_daily.subscription_id, usage_daily.metric_code, usage_daily.usage_date
