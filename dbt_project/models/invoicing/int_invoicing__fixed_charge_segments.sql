-- R-FIXED: what each due period bills of a fixed charge. Prorated, each row's units cost its billable days out of the whole
-- period's; else those in force on the first day (in advance) or the last billable one (in arrears) cost a whole period.
-- Grain: one row per (subscription_id, charge_code, period_starts_at, segment_starts_at).

with

periods as (
    select
        subscription_id,
        fee_family,
        period_starts_at,
        period_ends_at,
        period_start_date,
        billable_end_date,
        period_days
    from {{ ref('fct_subscription_periods') }}
    where fee_family in ('fixed', 'fixed_in_advance')
),

price_spans as (
    select subscription_id, charge_code, price_row_number, span_start_date, span_end_date, span_starts_at, span_ends_at
    from {{ ref('fct_price_spans') }}
    where price_kind = 'fixed_charge'
),

rated_fixed_charges as (
    select
        fixed_charge_row_number,
        add_on_code,
        display_name,
        is_pay_in_advance,
        is_prorated,
        units,
        full_amount_unrounded,
        details
    from {{ ref('fct_rated_fixed_charges') }}
),

-- A part without a billable day has no fee: the bounds of a span that holds on one overlap the period's.
in_force as (
    select
        periods.*,
        price_spans.charge_code,
        price_spans.span_starts_at,
        price_spans.span_ends_at,
        rated_fixed_charges.*,
        not rated_fixed_charges.is_prorated
        or price_spans.span_start_date <= periods.period_start_date as begins_the_period,
        not rated_fixed_charges.is_prorated
        or price_spans.span_end_date >= periods.billable_end_date as ends_the_period,
        case
            when rated_fixed_charges.is_prorated
                then greatest(periods.period_start_date, price_spans.span_start_date)
            else periods.period_start_date
        end as first_date,
        case
            when rated_fixed_charges.is_prorated
                then least(periods.billable_end_date, price_spans.span_end_date)
            else periods.billable_end_date
        end as end_date
    from periods
    inner join price_spans
        on
            periods.subscription_id = price_spans.subscription_id
            and periods.period_start_date < price_spans.span_end_date
            and periods.billable_end_date > price_spans.span_start_date
            and periods.period_start_date < periods.billable_end_date
    inner join rated_fixed_charges
        on
            price_spans.price_row_number = rated_fixed_charges.fixed_charge_row_number
            and (periods.fee_family = 'fixed_in_advance') = rated_fixed_charges.is_pay_in_advance
    where
        rated_fixed_charges.is_prorated
        or (rated_fixed_charges.is_pay_in_advance and price_spans.span_start_date <= periods.period_start_date)
        or (not rated_fixed_charges.is_pay_in_advance and price_spans.span_end_date >= periods.billable_end_date)
),

by_days as (
    select
        in_force.*,
        case
            when begins_the_period then period_starts_at
            else least(greatest(span_starts_at, period_starts_at), period_ends_at)
        end as segment_starts_at,
        case
            when ends_the_period then period_ends_at
            else least(greatest(span_ends_at, period_starts_at), period_ends_at)
        end as segment_ends_at,
        {{ days_between('first_date', 'end_date') }} as days
    from in_force
),

segments as (
    select
        subscription_id,
        fee_family,
        period_starts_at,
        segment_starts_at,
        segment_ends_at,
        charge_code,
        fixed_charge_row_number,
        add_on_code,
        display_name as description,
        is_prorated,
        units as quantity,
        case
            when is_prorated then {{ divided_amount('(full_amount_unrounded * days)', 'period_days') }}
            else full_amount_unrounded
        end as amount_unrounded,
        details || ',"units":"' || {{ decimal_text('units') }} || '"' || case
            when is_prorated
                then ',"full_amount":"' || {{ decimal_text('full_amount_unrounded') }}
                    || '","first_day":"' || cast(first_date as varchar)
                    || '","end_day":"' || cast(end_date as varchar)
                    || '","days":"' || cast(days as varchar)
                    || '","period_days":"' || cast(period_days as varchar) || '"'
            else ''
        end as details
    from by_days
)

select * from segments
