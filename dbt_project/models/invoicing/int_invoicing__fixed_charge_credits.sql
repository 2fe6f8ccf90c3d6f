-- R-FIXED-CREDIT: what the plan before an upgrade was paid in advance for an add-on, for days that the new plan bills again.
-- It is taken from the plan's price for the unused days, and after several upgrades each plan pays less for its own days.
-- Grain: one row per (subscription_id, period_starts_at, add_on_code).

with

-- What upgrades began one after the other is a chain.
subscriptions as (
    select
        subscription_id,
        external_subscription_id,
        plan_code,
        minor_unit,
        started_at,
        billing_starts_at,
        billable_end_date,
        sum(case when begins_chain then 1 else 0 end) over (
            partition by external_subscription_id
            order by started_at, subscription_id
        ) as chain_number
    from (
        select
            subscriptions.*,
            coalesce(
                lag(ended_at) over each_external_id <> started_at
                or lag(end_kind) over each_external_id is distinct from 'upgrade', true
            ) as begins_chain
        from {{ ref('dim_subscriptions') }} as subscriptions
        window each_external_id as (partition by external_subscription_id order by started_at, subscription_id)
    ) as in_order
),

periods as (
    select subscription_id, period_starts_at, period_start_date
    from {{ ref('fct_subscription_periods') }}
    where fee_family = 'fixed_in_advance'
),

-- The catalog check holds a fixed charge's add-on equal over all its rows.
add_ons as (
    select
        plan_code,
        fixed_charge_code,
        min(add_on_code) as add_on_code
    from {{ ref('stg_catalog__fixed_charges') }}
    group by plan_code, fixed_charge_code
),

fixed_charges_paid as (
    select subscription_id, charge_code, price_details, taken_until_date
    from {{ ref('int_invoicing__fixed_charges_paid') }}
),

-- Only the first period of a subscription can have been paid for by those before it.
upgrades as (
    select
        subscriptions.subscription_id,
        subscriptions.minor_unit,
        subscriptions.billable_end_date,
        periods.period_starts_at,
        periods.period_start_date,
        upgraded.subscription_id as upgraded_subscription_id,
        upgraded.plan_code as upgraded_plan_code,
        upgraded.started_at as upgraded_started_at
    from periods
    inner join subscriptions
        on
            periods.subscription_id = subscriptions.subscription_id
            and periods.period_starts_at = subscriptions.billing_starts_at
    inner join subscriptions as upgraded
        on
            subscriptions.external_subscription_id = upgraded.external_subscription_id
            and subscriptions.chain_number = upgraded.chain_number
            and subscriptions.started_at > upgraded.started_at
),

-- What was not prorated was paid whatever the days: its details have none.
lines_before as (
    select
        upgrades.*,
        add_ons.add_on_code,
        cast({{ json_text('paid.price_details', "'full_amount'") }} as decimal(38, 21)) as full_amount,
        cast({{ json_text('paid.price_details', "'first_day'") }} as date) as first_date,
        least(
            cast({{ json_text('paid.price_details', "'end_day'") }} as date), upgrades.billable_end_date
        ) as end_date,
        cast({{ json_text('paid.price_details', "'period_days'") }} as integer) as period_days,
        coalesce(
            paid.taken_until_date, cast({{ json_text('paid.price_details', "'paid_before_until'") }} as date)
        ) as paid_until_date,
        dense_rank() over (
            partition by upgrades.subscription_id, upgrades.period_starts_at
            order by upgrades.upgraded_started_at desc
        ) as rank_before
    from upgrades
    inner join fixed_charges_paid as paid on upgrades.upgraded_subscription_id = paid.subscription_id
    inner join add_ons
        on upgrades.upgraded_plan_code = add_ons.plan_code and paid.charge_code = add_ons.fixed_charge_code
),

-- What an older plan was paid for a day, a plan between has taken already, if it was billed before its own end was known.
paid_before as (
    select
        lines_before.*,
        {{ days_between(
            'greatest(first_date, period_start_date, max(paid_until_date) over newer_plans)', 'end_date'
        ) }} as unused_days
    from lines_before
    where period_days is not null
    window newer_plans as (
        partition by subscription_id, period_starts_at, add_on_code
        order by rank_before
        range between unbounded preceding and 1 preceding
    )
),

exact_amounts as (
    select
        paid_before.*,
        {{ divided_amount('(full_amount * unused_days)', 'period_days') }} as paid_amount_unrounded
    from paid_before
    where unused_days > 0
),

credits as (
    select
        subscription_id,
        period_starts_at,
        add_on_code,
        cast(sum({{ round_to_minor_unit('paid_amount_unrounded', 'minor_unit') }}) as decimal(20, 4)) as credit_amount,
        max(end_date) as paid_until_date
    from exact_amounts
    group by subscription_id, period_starts_at, add_on_code
)

select * from credits
