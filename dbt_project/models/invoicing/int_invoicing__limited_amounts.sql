-- R-COMMITMENT: what minimums and maximums of a plan period look at: fees of this close, and what stands issued, less what notes
-- give back of a base fee in advance whose subscription left early, now or before: the used days count.
-- Grain: one row per (subscription_id, service_starts_at, line_key, is_now); line_key NULL is what notes give back.

with

fees as (
    select
        subscription_id,
        fee_type,
        segment_starts_at as service_starts_at,
        segment_ends_at as service_ends_at,
        line_key,
        true as is_now,
        amount
    from {{ ref('int_invoicing__period_fees') }}
    union all
    select
        subscription_id,
        fee_type,
        service_period_start as service_starts_at,
        service_period_start as service_ends_at,
        line_key,
        false as is_now,
        amount
    from {{ ref('int_invoicing__standing_lines') }}
),

used_base_fees as (
    select subscription_id, period_starts_at, fees_until_at, amount from {{ ref('int_invoicing__used_base_fees') }}
),

netted_elsewhere as (select subscription_id, period_ends_at, amount from {{ ref('stg_issued__base_corrections') }}),

base_fees_left_early as (
    select
        used_base_fees.subscription_id,
        used_base_fees.period_starts_at,
        used_base_fees.fees_until_at,
        max(used_base_fees.amount) as used_amount,
        sum(fees.amount) as amount,
        max(case when fees.is_now then 1 else 0 end) = 1 as is_now
    from used_base_fees
    inner join fees
        on
            used_base_fees.subscription_id = fees.subscription_id
            and used_base_fees.period_starts_at <= fees.service_starts_at
            and used_base_fees.fees_until_at > fees.service_starts_at
    where fees.fee_type = 'subscription'
    group by used_base_fees.subscription_id, used_base_fees.period_starts_at, used_base_fees.fees_until_at
),

-- Of a correction that was netted with other fees, lines of the base fee bear what others changed.
given_back as (
    select
        base_fees.subscription_id,
        'subscription' as fee_type,
        base_fees.period_starts_at as service_starts_at,
        base_fees.period_starts_at as service_ends_at,
        cast(null as varchar) as line_key,
        base_fees.is_now,
        cast(base_fees.used_amount - base_fees.amount - coalesce(netted_elsewhere.amount, 0) as decimal(20, 4))
            as amount
    from base_fees_left_early as base_fees
    left join netted_elsewhere
        on
            not base_fees.is_now
            and base_fees.subscription_id = netted_elsewhere.subscription_id
            and base_fees.period_starts_at < netted_elsewhere.period_ends_at
            and base_fees.fees_until_at >= netted_elsewhere.period_ends_at
),

limited_amounts as (
    select * from fees
    union all
    select * from given_back
)

select * from limited_amounts
