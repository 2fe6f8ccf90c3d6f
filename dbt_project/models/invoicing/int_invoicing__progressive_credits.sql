-- R-PROGRESSIVE: what this close credits of the fees that earlier progressive invoices billed: on the period's invoice, or on
-- the next progressive one, at most what it bills of the charge, and of all usage with the plan's maximum. The rest is for a
-- credit note.
-- Grain: one row per (subscription_id, charge_code, period_starts_at, invoice_type); no period on an invoice of periods.

with

outstanding as (select * from {{ ref('int_invoicing__outstanding_fees') }}),

fees as (
    select
        subscription_id,
        charge_code,
        cast(null as timestamp) as period_starts_at,
        position,
        amount,
        true as is_due
    from {{ ref('int_invoicing__billed_fees') }}
    where fee_type in ('charge', 'charge_maximum', 'charge_true_up', 'period_maximum') and cause is null
    union all
    select subscription_id, charge_code, period_starts_at, position, amount, false as is_due
    from {{ ref('int_invoicing__progressive_fees') }}
),

charge_rooms as (
    select
        subscription_id,
        charge_code,
        period_starts_at,
        is_due,
        min(position) as position,
        greatest(sum(amount), 0) as room_amount
    from fees
    where charge_code is not null
    group by subscription_id, charge_code, period_starts_at, is_due
),

subscription_rooms as (
    select
        subscription_id,
        period_starts_at,
        is_due,
        greatest(sum(amount), 0) as room_amount
    from fees
    group by subscription_id, period_starts_at, is_due
),

held_to_charges as (
    select
        outstanding.subscription_id,
        outstanding.charge_code,
        outstanding.metric_code,
        outstanding.period_starts_at,
        outstanding.service_period_start,
        outstanding.service_period_end,
        outstanding.is_settled_now,
        outstanding.amount as outstanding_amount,
        coalesce(charge_rooms.position, 0) as position,
        coalesce(subscription_rooms.room_amount, 0) as room_amount,
        least(outstanding.amount, coalesce(charge_rooms.room_amount, 0)) as creditable_amount
    from outstanding
    left join subscription_rooms
        on
            outstanding.subscription_id = subscription_rooms.subscription_id
            and outstanding.period_starts_at is not distinct from subscription_rooms.period_starts_at
            and outstanding.is_settled_now = subscription_rooms.is_due
    left join charge_rooms
        on
            outstanding.subscription_id = charge_rooms.subscription_id
            and outstanding.charge_code = charge_rooms.charge_code
            and outstanding.period_starts_at is not distinct from charge_rooms.period_starts_at
            and outstanding.is_settled_now = charge_rooms.is_due
    where outstanding.is_settled_now or subscription_rooms.subscription_id is not null
),

held_to_all as (
    select
        *,
        least(
            creditable_amount,
            greatest(
                room_amount - coalesce(
                    sum(creditable_amount) over (
                        partition by subscription_id, period_starts_at, is_settled_now
                        order by position, charge_code
                        rows between unbounded preceding and 1 preceding
                    ), 0
                ), 0
            )
        ) as credit_amount
    from held_to_charges
),

credits as (
    select
        subscription_id,
        charge_code,
        metric_code,
        period_starts_at,
        case when is_settled_now then 'subscription' else 'progressive' end as invoice_type,
        position,
        service_period_start,
        service_period_end,
        outstanding_amount,
        cast(credit_amount as decimal(20, 4)) as credit_amount,
        cast(outstanding_amount - credit_amount as decimal(20, 4)) as excess_amount
    from held_to_all
)

select * from credits
