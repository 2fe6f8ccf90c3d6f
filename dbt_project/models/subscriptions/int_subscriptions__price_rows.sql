-- R-PRICE-ROW: the plan, charge and fixed charge rows that may price a subscription, by the local dates of each.
-- Of several in force an own row wins over the plan's, then one of a phase, then the last recorded, then the last in file.
-- Grain: one row per (subscription_id, price_kind, charge_code, price_row_number); charge_code NULL is the plan's base fee.

with

terms as (select subscription_id, plan_code from {{ ref('int_subscriptions__terms') }}),

-- What was billed in advance for days after an end has its prices until there.
billing_spans as (
    select
        subscription_id,
        min(billing_start_date) as billing_start_date,
        max(greatest(subscription_end_date, resume_date)) as subscription_end_date
    from {{ ref('int_subscriptions__resume_points') }}
    group by subscription_id
),

price_rows as (
    select
        'plan' as price_kind,
        cast(null as varchar) as charge_code,
        row_number as price_row_number,
        plan_code,
        subscription_id,
        first_month,
        last_month,
        valid_from,
        valid_to,
        recorded_at
    from {{ ref('stg_catalog__plans') }}
    union all
    select
        'charge' as price_kind,
        charge_code,
        row_number as price_row_number,
        plan_code,
        subscription_id,
        first_month,
        last_month,
        valid_from,
        valid_to,
        recorded_at
    from {{ ref('stg_catalog__charges') }}
    union all
    select
        'fixed_charge' as price_kind,
        fixed_charge_code as charge_code,
        row_number as price_row_number,
        plan_code,
        subscription_id,
        first_month,
        last_month,
        valid_from,
        valid_to,
        recorded_at
    from {{ ref('stg_catalog__fixed_charges') }}
),

-- Month n of a phase begins n - 1 months after the local date on which billing began, clamped to the month's length.
dated as (
    select
        terms.subscription_id,
        price_rows.price_kind,
        price_rows.charge_code,
        price_rows.price_row_number,
        greatest(
            billing_spans.billing_start_date,
            price_rows.valid_from,
            cast(
                billing_spans.billing_start_date
                + (coalesce(price_rows.first_month, 1) - 1) * interval '1' month as date
            )
        ) as in_force_from,
        least(
            billing_spans.subscription_end_date,
            coalesce(price_rows.valid_to, billing_spans.subscription_end_date),
            coalesce(
                cast(billing_spans.billing_start_date + price_rows.last_month * interval '1' month as date),
                billing_spans.subscription_end_date
            )
        ) as in_force_to,
        coalesce(price_rows.subscription_id, '') || '|' || coalesce(cast(price_rows.first_month as varchar), '') || '|'
        || cast(price_rows.valid_from as varchar) || '|' || cast(price_rows.recorded_at as varchar) as price_row_key,
        price_rows.subscription_id is not null as is_own,
        price_rows.first_month is not null or price_rows.last_month is not null as is_phase,
        price_rows.recorded_at
    from terms
    inner join billing_spans on terms.subscription_id = billing_spans.subscription_id
    inner join price_rows
        on
            terms.plan_code = price_rows.plan_code
            and terms.subscription_id = coalesce(price_rows.subscription_id, terms.subscription_id)
),

ranked as (
    select
        subscription_id,
        price_kind,
        charge_code,
        price_row_number,
        price_row_key,
        in_force_from,
        in_force_to,
        row_number() over (
            partition by subscription_id, price_kind, charge_code
            order by is_own desc, is_phase desc, recorded_at desc, price_row_number desc
        ) as precedence
    from dated
    where in_force_from < in_force_to
)

select * from ranked
