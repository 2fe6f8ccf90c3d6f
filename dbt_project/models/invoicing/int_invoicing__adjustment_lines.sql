-- R-ADJUST: a net above 0 as fees of the running invoice: what each fee is more or less than was issued for it, with its original
-- service period, and the entity, payer and taxes of the invoice that it corrects.
-- Grain: one row per line_key.

with

running as (select close_date from {{ ref('stg_control__run') }}),

adjustments as (
    select
        subscription_id,
        fee_family,
        period_starts_at,
        compared_key,
        cause,
        fee_type,
        charge_code,
        metric_code,
        filter_code,
        group_key,
        description,
        service_period_start,
        service_period_end,
        quantity,
        computed_amount,
        issued_amount,
        difference_amount,
        price_details,
        original_invoice_number,
        original_tax_codes
    from {{ ref('int_invoicing__adjustments') }}
    where handling = 'lines'
),

invoices as (
    select invoice_number, payer_customer_id, billing_entity_code from {{ ref('stg_issued__invoices') }}
),

lines as (
    select
        adjustments.subscription_id,
        adjustments.fee_family,
        adjustments.fee_type,
        adjustments.charge_code,
        adjustments.metric_code,
        adjustments.filter_code,
        adjustments.group_key,
        adjustments.period_starts_at,
        adjustments.service_period_start as segment_starts_at,
        adjustments.service_period_end as segment_ends_at,
        'adjustment/' || cast(running.close_date as varchar) || '/' || adjustments.compared_key as line_key,
        adjustments.description,
        adjustments.quantity,
        cast(adjustments.difference_amount as decimal(38, 21)) as amount_unrounded,
        adjustments.difference_amount as amount,
        '{"model":"adjustment","computed_amount":"' || {{ decimal_text('adjustments.computed_amount') }}
        || '","issued_amount":"' || {{ decimal_text('adjustments.issued_amount') }} || '"'
        || coalesce(',"computed":' || adjustments.price_details, '') || '}' as price_details,
        adjustments.cause,
        adjustments.original_invoice_number,
        case when adjustments.original_invoice_number is not null then adjustments.original_tax_codes end
            as original_tax_codes,
        invoices.payer_customer_id as original_payer_id,
        invoices.billing_entity_code as original_entity_code
    from adjustments
    cross join running
    left join invoices on adjustments.original_invoice_number = invoices.invoice_number
)

select * from lines
