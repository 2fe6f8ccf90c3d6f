-- R-FEE: the fees of charges: in arrears one per charge, filter and group, in advance one per event.
-- Grain: one row per line_key.

with

charge_fees as (
    select
        arrears_fees.subscription_id,
        'charge' as fee_type,
        arrears_fees.charge_code,
        arrears_fees.metric_code,
        arrears_fees.filter_code,
        arrears_fees.group_key,
        arrears_fees.charge_row_number,
        arrears_fees.point_number,
        arrears_fees.period_starts_at,
        arrears_fees.segment_starts_at,
        arrears_fees.segment_ends_at,
        cast(null as varchar) as event_id,
        {{ line_key('arrears_fees', "'charge'") }} as line_key,
        arrears_fees.quantity,
        arrears_fees.rated_quantity as priced_quantity,
        arrears_fees.amount_unrounded,
        arrears_fees.amount,
        arrears_fees.price_details
    from {{ ref('int_invoicing__arrears_fees') }} as arrears_fees
    where arrears_fees.measured_until_at is null
    union all
    select
        subscription_id,
        'charge_in_advance' as fee_type,
        charge_code,
        metric_code,
        filter_code,
        group_key,
        charge_row_number,
        point_number,
        period_starts_at,
        segment_starts_at,
        segment_ends_at,
        transaction_id as event_id,
        line_key,
        quantity,
        quantity as priced_quantity,
        amount_unrounded,
        amount,
        price_details
    from {{ ref('int_invoicing__advance_fees') }}
)

select * from charge_fees
