-- R-COMMITMENT: what the fees of each plan period come to, issued and now, through each of its usage periods that is billed now.
-- Grain: one row per (subscription_id, period_starts_at, usage_period_starts_at).

with

plan_limits as (
    select
        subscription_id,
        period_starts_at,
        period_ends_at,
        fees_until_at,
        is_due,
        usage_period_starts_at,
        usage_period_ends_at,
        plan_name,
        minimum_unrounded,
        maximum_unrounded,
        lead(usage_period_starts_at) over (
            partition by subscription_id, period_starts_at
            order by usage_period_starts_at
        ) is null as is_last
    from {{ ref('int_invoicing__plan_limits') }}
),

subscriptions as (select subscription_id, minor_unit, is_pay_in_advance from {{ ref('dim_subscriptions') }}),

-- A maximum comes before minimums: what a charge lacks to its own is not held to the plan's maximum. Fees in arrears count in
-- the usage period in which they are billed: the one that has ended by then. What is paid in advance counts and is not cut.
amounts as (
    select
        fees.subscription_id,
        fees.service_starts_at,
        fees.service_ends_at,
        fees.amount,
        fees.fee_type not in ('charge_true_up', 'commitment_true_up') as is_held_to_maximum,
        fees.fee_type in ('charge_in_advance', 'fixed_charge_in_advance')
        or (fees.fee_type = 'subscription' and subscriptions.is_pay_in_advance) as is_in_advance,
        fees.is_now
    from {{ ref('int_invoicing__limited_amounts') }} as fees
    inner join subscriptions on fees.subscription_id = subscriptions.subscription_id
),

billed as (
    select
        plan_limits.subscription_id,
        plan_limits.period_starts_at,
        plan_limits.usage_period_starts_at,
        sum(amounts.amount) as fees_amount,
        sum(
            case
                when
                    amounts.is_held_to_maximum
                    and (
                        not amounts.is_now or plan_limits.is_last
                        or (amounts.is_in_advance and amounts.service_starts_at <= plan_limits.usage_period_ends_at)
                        or amounts.service_ends_at <= plan_limits.usage_period_ends_at
                    )
                    then amounts.amount
            end
        ) as held_amount,
        sum(
            case
                when
                    amounts.is_held_to_maximum and amounts.is_now and not amounts.is_in_advance
                    and (plan_limits.is_last or amounts.service_ends_at <= plan_limits.usage_period_ends_at)
                    then amounts.amount
            end
        ) as held_now_amount
    from plan_limits
    inner join amounts
        on
            plan_limits.subscription_id = amounts.subscription_id
            and plan_limits.period_starts_at <= amounts.service_starts_at
            and plan_limits.fees_until_at > amounts.service_starts_at
    group by plan_limits.subscription_id, plan_limits.period_starts_at, plan_limits.usage_period_starts_at
),

compared as (
    select
        plan_limits.*,
        subscriptions.minor_unit,
        cast(coalesce(billed.fees_amount, 0) as decimal(20, 4)) as fees_amount,
        cast(coalesce(billed.held_amount, 0) as decimal(20, 4)) as held_amount,
        cast(coalesce(billed.held_now_amount, 0) as decimal(20, 4)) as held_now_amount
    from plan_limits
    inner join subscriptions on plan_limits.subscription_id = subscriptions.subscription_id
    left join billed
        on
            plan_limits.subscription_id = billed.subscription_id
            and plan_limits.period_starts_at = billed.period_starts_at
            and plan_limits.usage_period_starts_at is not distinct from billed.usage_period_starts_at
)

select * from compared
