-- R-REOPEN: the registered usage periods for which usage came that their close did not know.
-- A period with charges in advance is looked at once more after its close, which could not take back what was billed before.
-- Grain: one row per (subscription_id, registered_starts_at, cause).

with

usage_periods as (
    select
        subscription_id,
        registered_starts_at,
        registered_ends_at,
        examined_batch,
        is_over,
        is_of_last_close and not is_adjustment as is_new
    from {{ ref('int_subscriptions__registered_periods') }}
    where fee_family = 'usage'
),

terms as (
    select subscription_id, external_subscription_id, customer_id, plan_code
    from {{ ref('int_subscriptions__terms') }}
),

plans_with_charges_in_advance as (
    select distinct plan_code from {{ ref('stg_catalog__charges') }}
    where is_pay_in_advance
),

named_periods as (
    select usage_periods.*, 'subscription ' || terms.external_subscription_id as user_key
    from usage_periods
    inner join terms on usage_periods.subscription_id = terms.subscription_id
    union all
    select usage_periods.*, 'customer ' || terms.customer_id as user_key
    from usage_periods
    inner join terms on usage_periods.subscription_id = terms.subscription_id
),

first_unseen as (select min(examined_batch) as examined_batch from usage_periods),

new_usage as (
    select
        new_usage.cause,
        new_usage.batch_number,
        new_usage.user_key,
        new_usage.usage_starts_at,
        new_usage.usage_ends_at,
        new_usage.is_recurring
    from {{ ref('int_subscriptions__new_usage') }} as new_usage
    inner join first_unseen on new_usage.batch_number > first_unseen.examined_batch
),

changed as (
    select
        named_periods.subscription_id,
        named_periods.registered_starts_at,
        named_periods.is_over,
        new_usage.cause
    from named_periods
    inner join new_usage
        on
            named_periods.user_key = new_usage.user_key
            and named_periods.examined_batch < new_usage.batch_number
            and named_periods.registered_ends_at > new_usage.usage_starts_at
            and (new_usage.is_recurring or named_periods.registered_starts_at < new_usage.usage_ends_at)
    union
    select
        usage_periods.subscription_id,
        usage_periods.registered_starts_at,
        usage_periods.is_over,
        'billed_in_advance' as cause
    from usage_periods
    inner join terms on usage_periods.subscription_id = terms.subscription_id
    inner join plans_with_charges_in_advance on terms.plan_code = plans_with_charges_in_advance.plan_code
    where usage_periods.is_new
)

select * from changed
