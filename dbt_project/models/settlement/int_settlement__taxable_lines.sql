-- R-TAX: what is taxed by what states a tax today: lines that correct no invoice, and, for ongoing balances, open usage as if it
-- were billed now, by subscription and charge.
-- Grain: one row per (document_key, line_number).

with

invoice_lines as (
    select
        document_key,
        line_number,
        line_key,
        payer_customer_id,
        billing_entity_code,
        subscription_id,
        fee_type,
        charge_code
    from {{ ref('fct_invoice_lines') }}
    where original_invoice_number is null
),

open_usage as (
    select distinct
        'open/' || subscription_id || '/' || charge_code as document_key,
        1 as line_number,
        cast(null as varchar) as line_key,
        payer_customer_id,
        billing_entity_code,
        subscription_id,
        'charge' as fee_type,
        charge_code
    from {{ ref('fct_open_usage') }}
),

taxable_lines as (
    select * from invoice_lines
    union all
    select * from open_usage
)

select * from taxable_lines
