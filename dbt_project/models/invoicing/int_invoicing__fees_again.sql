-- R-ADJUST: the fees of the periods that are computed again as they come out now, under what they are compared by. Of a base fee
-- whose unused days a note gave back, these are less.
-- Grain: one row per line_key.

with

reopened_periods as (
    select subscription_id, fee_family, period_starts_at, adjusted_starts_at from {{ ref('fct_reopened_periods') }}
),

fees as (
    select
        reopened_periods.period_starts_at as reopened_starts_at,
        fees.*,
        {{ compared_key('fees', 'segment_starts_at') }} as compared_key
    from reopened_periods
    inner join {{ ref('int_invoicing__fees') }} as fees
        on
            reopened_periods.subscription_id = fees.subscription_id
            and reopened_periods.fee_family = fees.fee_family
            and reopened_periods.adjusted_starts_at = fees.period_starts_at
),

returned_days as (
    select subscription_id, period_starts_at, segment_starts_at, amount from {{ ref('int_invoicing__returned_days') }}
),

fees_again as (
    select
        fees.subscription_id,
        fees.fee_family,
        fees.reopened_starts_at as period_starts_at,
        fees.line_key,
        fees.compared_key,
        fees.fee_type,
        fees.charge_code,
        fees.metric_code,
        fees.filter_code,
        fees.group_key,
        fees.description,
        fees.segment_starts_at as service_period_start,
        fees.segment_ends_at as service_period_end,
        cast(fees.quantity as decimal(38, 9)) as quantity,
        cast(fees.amount - coalesce(returned_days.amount, 0) as decimal(20, 4)) as computed_amount,
        case when fees.fee_type <> 'charge_in_advance' then fees.price_details end as price_details
    from fees
    left join returned_days
        on
            fees.fee_type = 'subscription'
            and fees.subscription_id = returned_days.subscription_id
            and fees.period_starts_at = returned_days.period_starts_at
            and fees.segment_starts_at = returned_days.segment_starts_at
)

select * from fees_again
