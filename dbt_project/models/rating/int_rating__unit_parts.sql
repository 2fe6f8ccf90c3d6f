-- R-UNITS: the billable units that wallets may pay, of payers who have one of the metric: those of charges in arrears, by
-- filter, group and part of a period that this close bills or computes again. What a later part of the period takes back is
-- not to be paid. What began first comes first, then subscriptions by name, and charges, filters and groups as on the invoice.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at).

with

unit_periods as (
    select subscription_id, period_starts_at, metric_code, customer_id, is_reopened
    from {{ ref('int_rating__unit_periods') }}
),

-- Through the end of a part less through its start; the metric of a charge may change with its row.
used_units as (
    select
        unit_periods.customer_id,
        unit_periods.is_reopened,
        quantities.subscription_id,
        quantities.charge_code,
        quantities.filter_code,
        quantities.group_key,
        quantities.metric_code,
        quantities.period_starts_at,
        quantities.segment_starts_at,
        max(quantities.charge_row_number) as charge_row_number,
        sum(
            case when quantities.point_number = 0 then 0 - quantities.rated_quantity else quantities.rated_quantity end
        ) as units
    from {{ ref('fct_usage_quantities') }} as quantities
    inner join unit_periods
        on
            quantities.subscription_id = unit_periods.subscription_id
            and quantities.metric_code = unit_periods.metric_code
            and quantities.period_starts_at = unit_periods.period_starts_at
    where
        not quantities.is_pay_in_advance
        and quantities.prorated_denominator is null
        and quantities.charge_model in ('standard', 'graduated', 'graduated_percentage', 'package', 'volume')
    group by
        unit_periods.customer_id,
        unit_periods.is_reopened,
        quantities.subscription_id,
        quantities.charge_code,
        quantities.filter_code,
        quantities.group_key,
        quantities.metric_code,
        quantities.period_starts_at,
        quantities.segment_starts_at
),

with_running_units as (
    select
        used_units.*,
        subscription_id || '/' || charge_code || '/' || coalesce(filter_code, '') || '/' || coalesce(group_key, '')
        || '/' || metric_code || '/' || cast(period_starts_at as varchar) as measure_key,
        sum(units) over (
            partition by subscription_id, charge_code, filter_code, group_key, metric_code, period_starts_at
            order by segment_starts_at
            rows between unbounded preceding and current row
        ) as units_through
    from used_units
),

with_lasting_units as (
    select
        with_running_units.*,
        greatest(
            min(units_through) over (
                partition by measure_key
                order by segment_starts_at
                rows between current row and unbounded following
            ), 0
        ) as lasting_units
    from with_running_units
),

filters as (select charge_row_number, filter_code, position from {{ ref('stg_catalog__charge_prices') }}),

parts as (
    select
        lasting.customer_id,
        lasting.metric_code,
        lasting.subscription_id,
        lasting.charge_code,
        lasting.filter_code,
        lasting.group_key,
        lasting.period_starts_at,
        lasting.segment_starts_at,
        lasting.measure_key,
        lasting.is_reopened,
        cast(
            row_number() over (
                partition by lasting.customer_id, lasting.metric_code
                order by
                    lasting.segment_starts_at, lasting.subscription_id, lasting.charge_row_number,
                    filters.position, lasting.group_key nulls first, lasting.period_starts_at
            ) as integer
        ) as part_number,
        cast(
            lasting.lasting_units
            - lag(lasting.lasting_units, 1, cast(0 as decimal(38, 9))) over (
                partition by lasting.measure_key order by lasting.segment_starts_at
            ) as decimal(38, 9)
        ) as units
    from with_lasting_units as lasting
    left join filters
        on
            lasting.charge_row_number = filters.charge_row_number
            and lasting.filter_code is not distinct from filters.filter_code
),

laid_end_to_end as (
    select
        parts.*,
        cast(
            sum(units) over (
                partition by customer_id, metric_code, is_reopened
                order by part_number
                rows between unbounded preceding and current row
            ) as decimal(38, 9)
        ) as ends_at_units
    from parts
)

select * from laid_end_to_end
