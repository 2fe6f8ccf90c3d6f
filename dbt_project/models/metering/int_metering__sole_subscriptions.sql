-- R-MATCH: the subscription that usage belongs to which names only a customer: the one that the customer has, or, of several, the
-- one that is active at the instant: where they begin and end, the time of the customer is cut into spans.
-- Grain: one row per (customer_id, span_starts_at).

with

subscriptions as (
    select
        customer_id,
        external_subscription_id,
        started_at,
        ended_at,
        min(external_subscription_id) over (partition by customer_id)
        <> max(external_subscription_id) over (partition by customer_id) as has_others
    from {{ ref('dim_subscriptions') }}
),

bounds as (
    select
        customer_id,
        timestamp '0001-01-01 00:00:00' as bound_at
    from subscriptions
    union distinct
    select
        customer_id,
        started_at as bound_at
    from subscriptions
    where has_others
    union distinct
    select
        customer_id,
        ended_at as bound_at
    from subscriptions
    where has_others
),

spans as (
    select
        customer_id,
        bound_at as span_starts_at,
        lead(bound_at, 1, timestamp '9999-12-31 00:00:00') over (
            partition by customer_id
            order by bound_at
        ) as span_ends_at
    from bounds
),

sole_subscriptions as (
    select
        spans.customer_id,
        spans.span_starts_at,
        spans.span_ends_at,
        case
            when count(distinct subscriptions.external_subscription_id) = 1
                then min(subscriptions.external_subscription_id)
        end as external_subscription_id,
        count(distinct subscriptions.external_subscription_id) > 1 as has_several
    from spans
    left join subscriptions
        on
            spans.customer_id = subscriptions.customer_id
            and (
                not subscriptions.has_others
                or (
                    spans.span_starts_at >= subscriptions.started_at
                    and spans.span_starts_at < subscriptions.ended_at
                )
            )
    where spans.span_starts_at < spans.span_ends_at
    group by spans.customer_id, spans.span_starts_at, spans.span_ends_at
)

select * from sole_subscriptions
