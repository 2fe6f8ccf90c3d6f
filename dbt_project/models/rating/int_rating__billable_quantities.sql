-- R-UNITS: the quantities that are priced by their number alone, less what units are prepaid: these reach no tier or package.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, point_number).

with

prepaid as (select * from {{ ref('int_rating__prepaid_units') }}),

quantities as (
    select
        quantities.subscription_id,
        quantities.charge_code,
        quantities.filter_code,
        quantities.group_key,
        quantities.period_starts_at,
        quantities.segment_starts_at,
        quantities.segment_ends_at,
        quantities.point_number,
        quantities.charge_row_number,
        quantities.charge_model,
        quantities.metric_code,
        quantities.is_pay_in_advance,
        quantities.event_key,
        quantities.transaction_id,
        quantities.quantity,
        cast(
            quantities.rated_quantity - coalesce(prepaid.prepaid_units_before, 0)
            - case when quantities.point_number = 0 then 0 else coalesce(prepaid.prepaid_units, 0) end as decimal(38, 9)
        ) as rated_quantity,
        quantities.prorated_numerator,
        quantities.prorated_denominator
    from {{ ref('fct_usage_quantities') }} as quantities
    left join prepaid
        on
            quantities.subscription_id = prepaid.subscription_id
            and quantities.charge_code = prepaid.charge_code
            and quantities.filter_code is not distinct from prepaid.filter_code
            and quantities.group_key is not distinct from prepaid.group_key
            and quantities.period_starts_at = prepaid.period_starts_at
            and quantities.segment_starts_at = prepaid.segment_starts_at
)

select * from quantities
