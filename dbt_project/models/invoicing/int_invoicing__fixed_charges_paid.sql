-- R-FIXED-CREDIT: what subscriptions were billed in advance for fixed charges. Of periods that this close computes again, what
-- they come to now: a correction of the old plan's price changes what it was paid for the unused days, too.
-- Grain: one row per (subscription_id, charge_code, service_period_start, line_key); line_key NULL is computed now.

with

reopened_periods as (
    select subscription_id, period_starts_at, period_ends_at, adjusted_starts_at from {{ ref('fct_reopened_periods') }}
    where fee_family = 'fixed_in_advance'
),

issued_lines as (
    select
        subscription_id,
        charge_code,
        service_period_start,
        line_key,
        price_details
    from {{ ref('stg_issued__invoice_lines') }}
    where fee_type = 'fixed_charge_in_advance'
),

segments as (
    select subscription_id, charge_code, period_starts_at, segment_starts_at, details || '}' as price_details
    from {{ ref('int_invoicing__fixed_charge_segments') }}
    where fee_family = 'fixed_in_advance'
),

lines_again as (
    select
        issued_lines.subscription_id,
        issued_lines.charge_code,
        max(cast({{ json_text('issued_lines.price_details', "'paid_before_until'") }} as date)) as paid_until_date
    from issued_lines
    inner join reopened_periods
        on
            issued_lines.subscription_id = reopened_periods.subscription_id
            and issued_lines.service_period_start >= reopened_periods.period_starts_at
            and issued_lines.service_period_start < reopened_periods.period_ends_at
    group by issued_lines.subscription_id, issued_lines.charge_code
),

-- What a plan took over from the one before stays taken.
fixed_charges_paid as (
    select
        issued_lines.subscription_id,
        issued_lines.charge_code,
        issued_lines.service_period_start,
        issued_lines.line_key,
        issued_lines.price_details,
        cast(null as date) as taken_until_date
    from issued_lines
    left join reopened_periods
        on
            issued_lines.subscription_id = reopened_periods.subscription_id
            and issued_lines.service_period_start >= reopened_periods.period_starts_at
            and issued_lines.service_period_start < reopened_periods.period_ends_at
    where reopened_periods.subscription_id is null
    union all
    select
        segments.subscription_id,
        segments.charge_code,
        segments.segment_starts_at as service_period_start,
        cast(null as varchar) as line_key,
        segments.price_details,
        lines_again.paid_until_date as taken_until_date
    from segments
    inner join reopened_periods
        on
            segments.subscription_id = reopened_periods.subscription_id
            and segments.period_starts_at = reopened_periods.adjusted_starts_at
    left join lines_again
        on segments.subscription_id = lines_again.subscription_id and segments.charge_code = lines_again.charge_code
)

select * from fixed_charges_paid
