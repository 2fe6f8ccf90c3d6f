-- R-FEE: the fees of a close: those of its periods, and what holds all of them to the limits of their plan.
-- Grain: one row per line_key.

with

period_fees as (select * from {{ ref('int_invoicing__period_fees') }}),

plan_limit_fees as (
    select
        plan_limit_fees.*,
        cast(null as varchar) as charge_code,
        cast(null as varchar) as filter_code,
        cast(null as varchar) as group_key,
        plan_limit_fees.period_starts_at as segment_starts_at
    from {{ ref('int_invoicing__plan_limit_fees') }} as plan_limit_fees
),

-- Limits stand last among the lines of their subscription, the maximum before the commitment.
fees as (
    select * from period_fees
    union all
    select
        subscription_id,
        fee_family,
        fee_type,
        charge_code,
        cast(null as varchar) as metric_code,
        filter_code,
        group_key,
        case fee_type when 'period_maximum' then 2000000000 else 2000000001 end as position,
        0 as filter_position,
        cast(0 as bigint) as point_number,
        period_starts_at,
        segment_starts_at,
        period_ends_at as segment_ends_at,
        cast(null as varchar) as event_id,
        {{ line_key('plan_limit_fees', 'plan_limit_fees.fee_type') }} as line_key,
        description,
        cast(1 as decimal(38, 9)) as quantity,
        cast(1 as decimal(38, 9)) as priced_quantity,
        amount_unrounded,
        amount,
        price_details
    from plan_limit_fees
)

select * from fees
