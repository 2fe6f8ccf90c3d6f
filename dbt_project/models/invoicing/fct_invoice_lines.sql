-- R-LINE: each fee becomes one line of the invoice of its payer, currency, entity and type: one-off fees have their own.
-- Grain: one row per (document_key, line_number).

with

running as (select close_date from {{ ref('stg_control__run') }}),

all_fees as (
    select * from {{ ref('int_invoicing__subscription_lines') }}
    union all
    select * from {{ ref('int_invoicing__one_off_fees') }}
),

-- One invoice per payer, currency, entity and type and close: the key says so.
addressed as (
    select
        'invoice/' || cast(running.close_date as varchar) || '/' || all_fees.billing_entity_code || '/'
        || all_fees.payer_customer_id || '/' || all_fees.currency || '/' || all_fees.invoice_type as document_key,
        all_fees.*
    from all_fees
    cross join running
),

lines as (
    select
        document_key,
        cast(
            row_number() over (
                partition by document_key
                order by
                    customer_id,
                    subscription_id,
                    position,
                    fee_type,
                    filter_position,
                    group_key nulls first,
                    segment_starts_at,
                    point_number,
                    line_key
            ) as integer
        ) as line_number,
        line_key,
        invoice_type,
        customer_id,
        payer_customer_id,
        billing_entity_code,
        subscription_id,
        fee_type,
        charge_code,
        metric_code,
        filter_code,
        group_key,
        event_id,
        description,
        segment_starts_at as service_period_start,
        segment_ends_at as service_period_end,
        quantity,
        {{ displayed_unit_amount('amount_unrounded', 'priced_quantity') }} as unit_amount,
        amount_unrounded,
        {{ value_or_error(
            'case when sum(abs(amount)) over (partition by document_key) < 10000000000000000 then amount end',
            "'The lines of ' || document_key || ' come to more than 16 digits before the point.'",
            'decimal(20, 4)'
        ) }} as amount,
        price_details,
        currency,
        minor_unit,
        cause,
        original_invoice_number,
        original_tax_codes
    from addressed
)

select * from lines
