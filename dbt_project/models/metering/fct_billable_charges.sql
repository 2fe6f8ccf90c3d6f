-- R-CHARGE: the charges of each measured period, as invoicing reads them: also the parts of open periods that have not begun,
-- for the maximum of the whole period.
-- Grain: one row per (subscription_id, period_starts_at, charge_code, segment_starts_at).

with

billable_charges as (
    select
        subscription_id,
        period_starts_at,
        period_ends_at,
        charge_code,
        segment_start_date,
        segment_end_date,
        segment_starts_at,
        days,
        period_days,
        is_due,
        is_pay_in_advance,
        charge_row_number,
        metric_code
    from {{ ref('int_metering__charge_segments') }}
)

select * from billable_charges
