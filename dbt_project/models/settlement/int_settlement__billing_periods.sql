-- R-COUPON: the billing period of an invoice, for coupons that give an amount for each: the latest one that a fee of its own lies
-- in, of what is due and, where a fee is billed before its period is due, of what is open.
-- Grain: one row per document_key.

with

invoice_lines as (
    select document_key, subscription_id, service_period_start
    from {{ ref('fct_invoice_lines') }}
    where original_invoice_number is null and invoice_type in ('subscription', 'progressive')
),

periods as (
    select subscription_id, period_starts_at, period_ends_at, period_start_date
    from {{ ref('fct_subscription_periods') }}
    where not is_reopened
    union all
    select subscription_id, period_starts_at, period_ends_at, period_start_date
    from {{ ref('fct_open_periods') }}
),

billing_periods as (
    select
        invoice_lines.document_key,
        max(periods.period_start_date) as billing_period_start_date
    from invoice_lines
    inner join periods
        on
            invoice_lines.subscription_id = periods.subscription_id
            and invoice_lines.service_period_start >= periods.period_starts_at
            and invoice_lines.service_period_start < periods.period_ends_at
    group by invoice_lines.document_key
)

select * from billing_periods
