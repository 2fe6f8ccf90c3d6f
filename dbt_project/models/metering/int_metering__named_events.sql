-- R-MATCH: the single events, under the subscription that each names.
-- Usage that names only a customer belongs to the one that the customer has then; with several it is ambiguous.
-- Grain: one row per (file_hash, line_number).

with

events as (
    select
        batch_number,
        file_hash,
        line_number,
        event_key,
        transaction_id,
        external_subscription_id,
        external_customer_id,
        code,
        event_at,
        quantity,
        properties,
        precise_total_amount_cents,
        is_contested,
        is_owner,
        is_pure_retraction
    from {{ ref('int_metering__single_events') }}
),

sole_subscriptions as (
    select customer_id, span_starts_at, span_ends_at, external_subscription_id, has_several
    from {{ ref('int_metering__sole_subscriptions') }}
),

named as (
    select
        events.batch_number,
        events.file_hash,
        events.line_number,
        events.event_key,
        events.transaction_id,
        events.code,
        events.event_at,
        events.quantity,
        events.properties,
        events.precise_total_amount_cents,
        coalesce(events.external_subscription_id, sole_subscriptions.external_subscription_id)
            as external_subscription_id,
        events.external_subscription_id is null and coalesce(sole_subscriptions.has_several, false)
            as is_ambiguous,
        events.is_contested,
        events.is_owner,
        events.is_pure_retraction
    from events
    left join sole_subscriptions
        on
            events.external_subscription_id is null
            and events.external_customer_id = sole_subscriptions.customer_id
            and events.event_at >= sole_subscriptions.span_starts_at
            and events.event_at < sole_subscriptions.span_ends_at
)

select * from named
