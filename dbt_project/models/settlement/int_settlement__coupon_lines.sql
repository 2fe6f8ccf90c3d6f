-- R-COUPON: the lines that each coupon of their payer may discount: all fees, those of a plan's subscriptions, or those of a
-- metric; never adjustments, which bear the coupons of what they correct. A fixed coupon pays invoices of its currency.
-- Grain: one row per (document_key, line_number, applied_coupon_id).

with

invoice_lines as (
    select
        document_key,
        line_number,
        payer_customer_id,
        subscription_id,
        metric_code,
        currency,
        minor_unit,
        amount
    from {{ ref('fct_invoice_lines') }}
    where original_invoice_number is null and invoice_type in ('subscription', 'progressive')
),

subscriptions as (select subscription_id, plan_code from {{ ref('dim_subscriptions') }}),

coupons as (select * from {{ ref('int_settlement__coupons') }}),

targets as (select coupon_code, plan_code, metric_code from {{ ref('stg_catalog__coupon_targets') }}),

discounted as (
    select
        invoice_lines.document_key,
        invoice_lines.line_number,
        coupons.applied_coupon_id,
        coupons.coupon_rank,
        coupons.customer_id,
        invoice_lines.currency,
        invoice_lines.minor_unit,
        invoice_lines.amount,
        coupons.rate_percent,
        coupons.slot_kind,
        coupons.slot_amount,
        coupons.slots_left
    from invoice_lines
    inner join subscriptions on invoice_lines.subscription_id = subscriptions.subscription_id
    inner join coupons
        on
            invoice_lines.payer_customer_id = coupons.customer_id
            and invoice_lines.currency = coalesce(coupons.currency, invoice_lines.currency)
    left join targets
        on
            coupons.coupon_code = targets.coupon_code
            and (subscriptions.plan_code = targets.plan_code or invoice_lines.metric_code = targets.metric_code)
    where targets.coupon_code is not null or not coupons.is_limited
)

select * from discounted
