-- R-LINE: each fee becomes one line, rounded once to the currency's minor unit; the exact amount stays beside it.
-- Grain: one row per (document_key, line_number).

with

running as (select close_date from {{ ref('stg_control__run') }}),

fees as (
    select
        subscription_id,
        fee_family,
        fee_type,
        charge_code,
        metric_code,
        filter_code,
        group_key,
        position,
        period_starts_at,
        period_ends_at,
        description,
        quantity,
        amount_unrounded,
        price_details
    from {{ ref('int_invoicing__fees') }}
),

periods as (
    select subscription_id, fee_family, period_starts_at, customer_id, billing_entity_code, currency
    from {{ ref('fct_subscription_periods') }}
),

currencies as (select currency, minor_unit from {{ ref('stg_reference__currencies') }}),

-- One invoice per payer, currency, entity and type and close: the key says so.
addressed as (
    select
        'invoice/' || cast(running.close_date as varchar) || '/' || periods.billing_entity_code || '/'
        || periods.customer_id || '/' || periods.currency || '/subscription' as document_key,
        fees.*,
        periods.customer_id,
        periods.billing_entity_code,
        periods.currency,
        currencies.minor_unit
    from fees
    cross join running
    inner join periods
        on
            fees.subscription_id = periods.subscription_id
            and fees.fee_family = periods.fee_family
            and fees.period_starts_at = periods.period_starts_at
    inner join currencies on periods.currency = currencies.currency
),

lines as (
    select
        document_key,
        cast(
            row_number() over (
                partition by document_key
                order by subscription_id, position, filter_code nulls first, group_key nulls first, period_starts_at
            ) as integer
        ) as line_number,
        subscription_id || '/' || fee_type || '/' || coalesce(charge_code, '') || '/'
        || coalesce(filter_code, '') || '/' || coalesce(group_key, '') || '/'
        || {{ iso_instant('period_starts_at') }} as line_key,
        customer_id,
        billing_entity_code,
        subscription_id,
        fee_type,
        charge_code,
        metric_code,
        filter_code,
        group_key,
        cast(null as varchar) as event_id,
        description,
        period_starts_at as service_period_start,
        period_ends_at as service_period_end,
        quantity,
        {{ displayed_unit_amount('amount_unrounded', 'quantity') }} as unit_amount,
        amount_unrounded,
        {{ round_to_minor_unit('amount_unrounded', 'minor_unit') }} as amount,
        price_details,
        currency,
        minor_unit
    from addressed
)

select * from lines
