-- R-ADJUST: the fees of the periods that are computed again as they come out now, under what they are compared by. Of a base fee
-- whose unused days a note gave back, these are less. Where the start moved, a fee from there on is compared with its line.
-- Grain: one row per line_key.

with

reopened_periods as (
    select subscription_id, fee_family, period_starts_at, adjusted_starts_at from {{ ref('fct_reopened_periods') }}
),

fees as (
    select
        reopened_periods.period_starts_at as reopened_starts_at,
        fees.*,
        {{ compared_key('fees', 'segment_starts_at') }} as own_key,
        reopened_periods.adjusted_starts_at = fees.segment_starts_at as is_from_the_start,
        {{ fee_name('fees') }} as fee_name
    from reopened_periods
    inner join {{ ref('int_invoicing__fees') }} as fees
        on
            reopened_periods.subscription_id = fees.subscription_id
            and reopened_periods.fee_family = fees.fee_family
            and reopened_periods.adjusted_starts_at = fees.period_starts_at
),

reopened_lines as (
    select
        lines.subscription_id,
        lines.fee_family,
        lines.period_starts_at,
        lines.compared_key,
        {{ fee_name('lines') }} as fee_name,
        min(lines.service_period_start) as service_period_start
    from {{ ref('int_invoicing__reopened_lines') }} as lines
    group by
        lines.subscription_id, lines.fee_family, lines.period_starts_at, lines.compared_key,
        {{ fee_name('lines') }}
),

-- The fees of which nothing was issued from the period's start on, and what was issued of fees that are none now.
unmatched_fees as (
    select fees.*
    from fees
    left join reopened_lines on fees.own_key = reopened_lines.compared_key
    where fees.is_from_the_start and reopened_lines.compared_key is null
),

unmatched_lines as (
    select reopened_lines.*
    from reopened_lines
    left join fees on reopened_lines.compared_key = fees.own_key
    where fees.own_key is null
),

matched as (
    select
        unmatched_fees.line_key,
        unmatched_lines.compared_key,
        row_number() over (
            partition by unmatched_fees.line_key
            order by
                abs({{ days_between(
                    'cast(unmatched_fees.segment_starts_at as date)',
                    'cast(unmatched_lines.service_period_start as date)'
                ) }}),
                unmatched_lines.compared_key
        ) as line_number
    from unmatched_fees
    inner join unmatched_lines
        on
            unmatched_fees.subscription_id = unmatched_lines.subscription_id
            and unmatched_fees.fee_family = unmatched_lines.fee_family
            and unmatched_fees.reopened_starts_at = unmatched_lines.period_starts_at
            and unmatched_fees.fee_name = unmatched_lines.fee_name
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
        coalesce(matched.compared_key, fees.own_key) as compared_key,
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
    left join matched on fees.line_key = matched.line_key and matched.line_number = 1
    left join returned_days
        on
            fees.fee_type = 'subscription'
            and fees.subscription_id = returned_days.subscription_id
            and fees.period_starts_at = returned_days.period_starts_at
            and fees.segment_starts_at = returned_days.segment_starts_at
)

select * from fees_again
