-- R-FEE: every due base period, fixed charge, rated charge and one-off fee stands on an invoice: as a line, or as one issued
-- before. Of base periods, those with a billable day after the trial; of fixed charges, those that hold for a whole period.
-- Grain: one row per fee that has no line.

with

-- What is computed again may come to what was issued, and then has no line.
reopened_periods as (
    select subscription_id, adjusted_starts_at from {{ ref('fct_reopened_periods') }}
    where fee_family = 'usage'
),

due_fees as (
    select
        subscription_id,
        'subscription' as fee_type,
        cast(null as varchar) as charge_code,
        cast(null as varchar) as filter_code,
        cast(null as varchar) as group_key,
        case
            when trial_end_date > period_start_date then least(trial_ends_at, period_ends_at)
            else period_starts_at
        end as segment_starts_at
    from {{ ref('fct_subscription_periods') }}
    where fee_family = 'base' and days > 0 and not is_reopened
    union all
    select
        rated_charges.subscription_id,
        case when rated_charges.is_pay_in_advance then 'charge_in_advance' else 'charge' end as fee_type,
        rated_charges.charge_code,
        rated_charges.filter_code,
        rated_charges.group_key,
        rated_charges.segment_starts_at
    from {{ ref('fct_rated_charges') }} as rated_charges
    left join reopened_periods
        on
            rated_charges.subscription_id = reopened_periods.subscription_id
            and rated_charges.period_starts_at = reopened_periods.adjusted_starts_at
    left join {{ ref('fct_open_periods') }} as open_periods
        on
            rated_charges.subscription_id = open_periods.subscription_id
            and rated_charges.period_starts_at = open_periods.period_starts_at
    where
        reopened_periods.subscription_id is null
        and (rated_charges.is_pay_in_advance or open_periods.subscription_id is null)
    union all
    select
        periods.subscription_id,
        case periods.fee_family when 'fixed' then 'fixed_charge' else 'fixed_charge_in_advance' end as fee_type,
        price_spans.charge_code,
        cast(null as varchar) as filter_code,
        cast(null as varchar) as group_key,
        periods.period_starts_at as segment_starts_at
    from {{ ref('fct_subscription_periods') }} as periods
    inner join {{ ref('fct_price_spans') }} as price_spans
        on
            periods.subscription_id = price_spans.subscription_id
            and price_spans.price_kind = 'fixed_charge'
            and periods.period_start_date >= price_spans.span_start_date
            and periods.period_end_date <= price_spans.span_end_date
    inner join {{ ref('stg_catalog__fixed_charges') }} as fixed_charges
        on
            price_spans.price_row_number = fixed_charges.row_number
            and periods.fee_family = case when fixed_charges.is_pay_in_advance then 'fixed_in_advance' else 'fixed' end
    where periods.days > 0 and not periods.is_reopened
),

billed as (
    select
        subscription_id,
        fee_type,
        charge_code,
        filter_code,
        group_key,
        service_period_start as segment_starts_at
    from {{ ref('fct_invoice_lines') }}
    union all
    select
        subscription_id,
        fee_type,
        charge_code,
        filter_code,
        group_key,
        service_period_start as segment_starts_at
    from {{ ref('stg_issued__invoice_lines') }}
    where fee_type = 'charge_in_advance'
)

select due_fees.*
from due_fees
left join billed
    on
        due_fees.subscription_id = billed.subscription_id
        and due_fees.fee_type = billed.fee_type
        and due_fees.charge_code is not distinct from billed.charge_code
        and due_fees.filter_code is not distinct from billed.filter_code
        and due_fees.group_key is not distinct from billed.group_key
        and due_fees.segment_starts_at = billed.segment_starts_at
where billed.subscription_id is null
union all
select
    invoice_lines.subscription_id,
    one_off_fees.fee_type,
    one_off_fees.add_on_code as charge_code,
    invoice_lines.filter_code,
    invoice_lines.group_key,
    one_off_fees.day_starts_at as segment_starts_at
from {{ ref('fct_one_off_fees') }} as one_off_fees
left join {{ ref('fct_invoice_lines') }} as invoice_lines on one_off_fees.line_key = invoice_lines.line_key
where invoice_lines.line_key is null
