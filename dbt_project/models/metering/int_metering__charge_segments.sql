-- R-CHARGE: the charges of each measured period, in the parts of it in which one charge row is in force. A period that is still
-- open bills its charges in advance, and all of them where thresholds may bill it so far: these also have the parts that have
-- not begun, for the maximum of the whole period. A segment's dates are those that count as days of it. A period that an
-- upgrade cut does not bill a whole state in arrears that the new plan bills (R-HANDOVER).
-- Grain: one row per (subscription_id, period_starts_at, charge_code, segment_starts_at).

with

measured_periods as (
    select
        subscription_id,
        external_subscription_id,
        period_starts_at,
        period_ends_at,
        period_start_date,
        period_end_date,
        billable_end_date,
        days,
        period_days,
        whole_period_starts_at,
        whole_period_ends_at,
        timezone,
        is_due,
        is_looked_at,
        measured_until_at
    from {{ ref('int_metering__measured_periods') }}
),

price_spans as (
    select subscription_id, price_row_number, span_start_date, span_end_date, span_starts_at, span_ends_at
    from {{ ref('fct_price_spans') }}
    where price_kind = 'charge'
),

charge_terms as (
    select
        charge_row_number,
        charge_code,
        charge_model,
        metric_code,
        is_pay_in_advance,
        is_prorated,
        is_recurring,
        aggregation_type,
        expression,
        rounding_function,
        rounding_precision,
        custom_model,
        pricing_group_keys,
        needs_events
    from {{ ref('int_metering__charge_terms') }}
),

segments as (
    select
        measured_periods.*,
        price_spans.price_row_number as charge_row_number,
        greatest(measured_periods.period_start_date, price_spans.span_start_date) as segment_start_date,
        least(measured_periods.billable_end_date, price_spans.span_end_date) as segment_end_date,
        {{ segment_starts_at('measured_periods', 'price_spans') }} as segment_starts_at,
        {{ segment_ends_at('measured_periods', 'price_spans') }} as segment_ends_at
    from measured_periods
    inner join price_spans
        on
            measured_periods.subscription_id = price_spans.subscription_id
            and measured_periods.period_start_date < price_spans.span_end_date
            and measured_periods.period_end_date > price_spans.span_start_date
),

handed_over_metrics as (select subscription_id, metric_code from {{ ref('int_metering__handed_over_metrics') }}),

charge_segments as (
    select
        segments.subscription_id,
        segments.external_subscription_id,
        segments.period_starts_at,
        segments.period_ends_at,
        segments.period_start_date,
        segments.billable_end_date,
        segments.days,
        segments.period_days,
        segments.whole_period_starts_at,
        segments.whole_period_ends_at,
        segments.timezone,
        segments.is_due,
        segments.is_looked_at,
        segments.segment_start_date,
        segments.segment_end_date,
        segments.segment_starts_at,
        segments.segment_ends_at,
        least(segments.segment_ends_at, segments.measured_until_at) as measured_until_at,
        segments.charge_row_number,
        charge_terms.charge_code,
        charge_terms.charge_model,
        charge_terms.metric_code,
        charge_terms.is_pay_in_advance,
        charge_terms.is_prorated,
        charge_terms.is_recurring,
        charge_terms.aggregation_type,
        charge_terms.expression,
        charge_terms.rounding_function,
        charge_terms.rounding_precision,
        charge_terms.custom_model,
        charge_terms.pricing_group_keys,
        charge_terms.needs_events,
        segments.segment_starts_at <= segments.measured_until_at
        and (
            segments.is_due
            or charge_terms.is_pay_in_advance
            or (segments.is_looked_at and segments.segment_starts_at < segments.measured_until_at)
        ) as has_begun
    from segments
    inner join charge_terms on segments.charge_row_number = charge_terms.charge_row_number
    left join handed_over_metrics
        on
            segments.subscription_id = handed_over_metrics.subscription_id
            and charge_terms.metric_code = handed_over_metrics.metric_code
            and segments.period_ends_at < segments.whole_period_ends_at
            and charge_terms.is_recurring
            and charge_terms.aggregation_type <> 'weighted_sum'
            and not charge_terms.is_prorated
            and not charge_terms.is_pay_in_advance
    where handed_over_metrics.metric_code is null
)

select * from charge_segments
where has_begun or (is_looked_at and not is_pay_in_advance)
