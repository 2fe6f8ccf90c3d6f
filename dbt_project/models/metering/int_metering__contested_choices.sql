-- R-MEND: which line of a contested key stands at this close: the first that is matched, else the owner.
-- Matched is what would be billed, is open, is not charged or lies before the start, and an owner that only retracts.
-- Grain: one row per (file_hash, line_number).

with

contested as (
    select
        batch_number,
        file_hash,
        line_number,
        event_key,
        metric_code,
        external_subscription_id,
        event_at,
        is_owner,
        is_pure_retraction,
        fault
    from {{ ref('int_metering__valued_events') }}
    where is_contested
),

subscriptions as (
    select subscription_id, external_subscription_id, started_at, ended_at, billing_starts_at
    from {{ ref('dim_subscriptions') }}
),

charge_windows as (
    select subscription_id, metric_code, window_starts_at, window_ends_at
    from {{ ref('int_metering__charge_windows') }}
),

amountless_events as (select file_hash, line_number from {{ ref('int_metering__amountless_events') }}),

judged as (
    select
        contested.*,
        case
            when contested.is_pure_retraction then contested.is_owner
            else
                coalesce(
                    contested.metric_code is not null
                    and subscriptions.subscription_id is not null
                    and (
                        (contested.fault is null and amountless_events.file_hash is null)
                        or contested.event_at < subscriptions.billing_starts_at
                        or charge_windows.subscription_id is null
                    ),
                    false
                )
        end as is_matched
    from contested
    left join subscriptions
        on
            contested.external_subscription_id = subscriptions.external_subscription_id
            and contested.event_at >= subscriptions.started_at
            and contested.event_at < subscriptions.ended_at
    left join charge_windows
        on
            subscriptions.subscription_id = charge_windows.subscription_id
            and contested.metric_code = charge_windows.metric_code
            and contested.event_at >= charge_windows.window_starts_at
            and contested.event_at < charge_windows.window_ends_at
    left join amountless_events
        on
            contested.file_hash = amountless_events.file_hash
            and contested.line_number = amountless_events.line_number
),

ranked as (
    select
        judged.*,
        row_number() over (
            partition by event_key
            order by is_matched desc, is_owner desc, batch_number, file_hash, line_number
        ) as standing_rank
    from judged
),

choices as (
    select
        file_hash,
        line_number,
        standing_rank = 1 as stands
    from ranked
)

select * from choices
