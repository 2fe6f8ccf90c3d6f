-- R-TOP-UP: open usage with the tax that it would bear if it were billed at this close, exactly; coupons come with the bill.
-- Grain: one row per (subscription_id, charge_code, metric_code).

with

open_usage as (
    select
        'open/' || subscription_id || '/' || charge_code as document_key,
        subscription_id,
        charge_code,
        metric_code,
        payer_customer_id,
        currency,
        amount
    from {{ ref('fct_open_usage') }}
),

rates as (
    select
        document_key,
        sum(tax_rate) as tax_rate
    from {{ ref('int_settlement__line_rates') }}
    group by document_key
),

taxed as (
    select
        open_usage.subscription_id,
        open_usage.charge_code,
        open_usage.metric_code,
        open_usage.payer_customer_id,
        open_usage.currency,
        cast(
            open_usage.amount
            * (100 + cast(coalesce(rates.tax_rate, 0) as decimal(9, 5))) * cast('0.01' as decimal(3, 2))
            as decimal(38, 12)
        ) as amount_unrounded
    from open_usage
    left join rates on open_usage.document_key = rates.document_key
)

select * from taxed
