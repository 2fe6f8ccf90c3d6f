-- R-MATCH: the subscription that usage belongs to which names only a customer: the one that the customer has.
-- Grain: one row per customer_id.

with

subscriptions as (select customer_id, external_subscription_id from {{ ref('dim_subscriptions') }}),

sole_subscriptions as (
    select
        customer_id,
        case when count(distinct external_subscription_id) = 1 then min(external_subscription_id) end
            as external_subscription_id,
        count(distinct external_subscription_id) > 1 as has_several
    from subscriptions
    group by customer_id
)

select * from sole_subscriptions
