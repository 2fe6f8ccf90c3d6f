-- R-PROGRESSIVE: what the usage of open periods comes to so far, charge by charge, where it is looked at: the fees in arrears of
-- the events before the close date, and what a charge's maximum takes off. Minimums wait for the period's end.
-- Grain: one row per line_key.

with

running as (select close_date from {{ ref('stg_control__run') }}),

open_periods as (
    select subscription_id, period_starts_at, measured_until_at, threshold_subscription_id
    from {{ ref('fct_open_periods') }}
    where is_looked_at
),

charge_names as (
    select charge_row_number, filter_code, position, display_name from {{ ref('stg_catalog__charge_prices') }}
),

fees as (
    select
        arrears_fees.subscription_id,
        'progressive_charge' as fee_type,
        arrears_fees.charge_code,
        arrears_fees.metric_code,
        arrears_fees.filter_code,
        arrears_fees.group_key,
        arrears_fees.charge_row_number,
        arrears_fees.point_number,
        arrears_fees.period_starts_at,
        arrears_fees.segment_starts_at,
        arrears_fees.segment_ends_at,
        arrears_fees.quantity,
        arrears_fees.rated_quantity as priced_quantity,
        arrears_fees.amount_unrounded,
        arrears_fees.amount,
        arrears_fees.price_details
    from {{ ref('int_invoicing__arrears_fees') }} as arrears_fees
    union all
    select
        charge_limits.subscription_id,
        'progressive_maximum' as fee_type,
        charge_limits.charge_code,
        charge_limits.metric_code,
        cast(null as varchar) as filter_code,
        cast(null as varchar) as group_key,
        charge_limits.charge_row_number,
        cast(0 as bigint) as point_number,
        charge_limits.period_starts_at,
        charge_limits.period_starts_at as segment_starts_at,
        charge_limits.period_ends_at as segment_ends_at,
        cast(1 as decimal(38, 9)) as quantity,
        cast(1 as decimal(38, 9)) as priced_quantity,
        charge_limits.amount_unrounded,
        charge_limits.amount,
        charge_limits.price_details
    from {{ ref('int_invoicing__charge_limits') }} as charge_limits
),

so_far as (
    select
        fees.subscription_id,
        open_periods.threshold_subscription_id,
        fees.fee_type,
        fees.charge_code,
        fees.metric_code,
        fees.filter_code,
        fees.group_key,
        fees.period_starts_at,
        fees.charge_row_number as position,
        charge_names.position as filter_position,
        fees.point_number,
        fees.segment_starts_at,
        least(fees.segment_ends_at, open_periods.measured_until_at) as segment_ends_at,
        cast(null as varchar) as event_id,
        {{ line_key('fees', 'fees.fee_type', 'cast(running.close_date as varchar)') }} as line_key,
        charge_names.display_name
        || case fees.fee_type when 'progressive_maximum' then ': maximum' else '' end as description,
        fees.quantity,
        fees.priced_quantity,
        fees.amount_unrounded,
        fees.amount,
        fees.price_details
    from fees
    cross join running
    inner join open_periods
        on fees.subscription_id = open_periods.subscription_id and fees.period_starts_at = open_periods.period_starts_at
    inner join charge_names
        on
            fees.charge_row_number = charge_names.charge_row_number
            and fees.filter_code is not distinct from charge_names.filter_code
)

select * from so_far
