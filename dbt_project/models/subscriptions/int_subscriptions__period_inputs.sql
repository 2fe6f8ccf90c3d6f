-- R-REOPEN: a digest of what the catalog says for a period that is due or registered: its bounds, trial, and the rows in force.
-- Not in it: usage, which is followed by its batches, and how models compute. A zone or tax that changes alters nothing.
-- Grain: one row per (subscription_id, fee_family, registered_starts_at).

with

running as (select close_date from {{ ref('stg_control__run') }}),

periods as (
    select
        subscription_id,
        fee_family,
        registered_starts_at,
        period_starts_at,
        period_ends_at,
        period_start_date,
        period_end_date,
        billable_end_date,
        trial_end_date,
        left_on_date
    from {{ ref('int_subscriptions__periods_behind') }}
    union all
    select
        scheduled_periods.subscription_id,
        scheduled_periods.fee_family,
        scheduled_periods.period_starts_at as registered_starts_at,
        scheduled_periods.period_starts_at,
        scheduled_periods.period_ends_at,
        scheduled_periods.period_start_date,
        scheduled_periods.period_end_date,
        scheduled_periods.billable_end_date,
        scheduled_periods.trial_end_date,
        cast(null as date) as left_on_date
    from {{ ref('int_subscriptions__periods_ahead') }} as scheduled_periods
    inner join running on scheduled_periods.due_date <= running.close_date
),

price_spans as (
    select subscription_id, price_kind, charge_code, price_row_key, span_start_date, span_end_date
    from {{ ref('int_subscriptions__price_spans') }}
),

priced as (
    select
        periods.subscription_id,
        periods.fee_family,
        periods.registered_starts_at,
        {{ join_texts(
            "price_spans.price_kind || '|' || coalesce(price_spans.charge_code, '') || '|' || price_spans.price_row_key "
            ~ "|| '|' || cast(greatest(price_spans.span_start_date, periods.period_start_date) as varchar) || '|' "
            ~ "|| cast(least(price_spans.span_end_date, periods.period_end_date) as varchar)",
            'chr(10)',
            'price_spans.price_kind, price_spans.charge_code, price_spans.span_start_date'
        ) }} as prices_text
    from periods
    inner join price_spans
        on
            periods.subscription_id = price_spans.subscription_id
            and periods.period_start_date < price_spans.span_end_date
            and periods.period_end_date > price_spans.span_start_date
    group by periods.subscription_id, periods.fee_family, periods.registered_starts_at
),

-- A trial is an input of base fees only, as far as it reaches into the period. So is the date on which a period in advance was
-- left, though it stays whole: a note gave back the rest, and bills it again where the end is withdrawn.
inputs as (
    select
        periods.subscription_id,
        periods.fee_family,
        periods.registered_starts_at,
        md5(
            cast(periods.period_starts_at as varchar) || '|' || cast(periods.period_ends_at as varchar) || '|'
            || cast(periods.period_start_date as varchar) || '|' || cast(periods.billable_end_date as varchar) || '|'
            || case
                when periods.fee_family = 'base' and periods.trial_end_date > periods.period_start_date
                    then cast(least(periods.trial_end_date, periods.period_end_date) as varchar)
                else ''
            end
            || coalesce('|left ' || cast(periods.left_on_date as varchar), '')
        ) || '/' || md5(coalesce(priced.prices_text, '')) as inputs_digest
    from periods
    left join priced
        on
            periods.subscription_id = priced.subscription_id
            and periods.fee_family = priced.fee_family
            and periods.registered_starts_at = priced.registered_starts_at
)

select * from inputs
