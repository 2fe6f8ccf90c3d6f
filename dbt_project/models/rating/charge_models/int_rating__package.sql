-- R-PACKAGE: units beyond the free ones are billed by the started package, each at the package amount. Not rounded here.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, point_number).

with

quantities as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        segment_ends_at,
        point_number,
        charge_row_number,
        metric_code,
        is_pay_in_advance,
        event_key,
        transaction_id,
        quantity,
        rated_quantity
    from {{ ref('int_rating__billable_quantities') }}
    where charge_model = 'package'
),

prices as (
    select
        charge_row_number,
        filter_code,
        package_amount,
        package_size,
        coalesce(free_units, 0) as free_units,
        '{"model":"package","package_size":"' || {{ decimal_text('package_size') }}
        || '","free_units":"' || {{ decimal_text('cast(coalesce(free_units, 0) as decimal(24, 9))') }}
        || '","packages":"' as details_before_packages,
        '","package_amount":"' || {{ decimal_text('package_amount') }} || '"}' as details_after_packages
    from {{ ref('stg_catalog__charge_prices') }}
),

started as (
    select
        quantities.*,
        prices.package_amount,
        prices.details_before_packages,
        prices.details_after_packages,
        case
            when quantities.rated_quantity > prices.free_units
                then {{ null_on_overflow(
                    started_packages('(quantities.rated_quantity - prices.free_units)', 'prices.package_size')
                ) }}
            else 0
        end as packages
    from quantities
    left join prices
        on
            quantities.charge_row_number = prices.charge_row_number
            and quantities.filter_code is not distinct from prices.filter_code
),

priced as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        segment_ends_at,
        point_number,
        charge_row_number,
        metric_code,
        is_pay_in_advance,
        event_key,
        transaction_id,
        quantity,
        rated_quantity,
        {{ null_on_overflow('cast(packages * package_amount as decimal(38, 21))') }} as amount_unrounded,
        details_before_packages || cast(packages as varchar) || details_after_packages as price_details
    from started
)

select * from priced
