-- R-ADJUST: what becomes of each difference: those of a plan period that one invoice billed, with the same taxes, are netted, and
-- the net's sign decides: above 0 lines of the running invoice, below 0 a credit note. The plan's policy leaves out what lies too
-- far back or nets to too little. What is netted once is always computed again together, so that nothing is settled twice.
-- Grain: one row per (subscription_id, fee_family, period_starts_at, compared_key).

with

running as (select close_date from {{ ref('stg_control__run') }}),

differences as (select * from {{ ref('int_invoicing__differences') }}),

subscriptions as (
    select subscription_id, adjustment_days, adjustment_minimum_amount
    from {{ ref('dim_subscriptions') }}
),

-- A fee that is new bears the taxes of the invoice that billed its period.
invoice_tax_codes as (
    select
        invoice_number,
        max(tax_codes) as tax_codes
    from {{ ref('stg_issued__invoice_lines') }}
    where original_invoice_number = invoice_number
    group by invoice_number
),

under_policy as (
    select
        differences.*,
        coalesce(differences.tax_codes, invoice_tax_codes.tax_codes, '') as original_tax_codes,
        {{ netted_with('differences') }} as netted_with,
        coalesce(subscriptions.adjustment_minimum_amount, cast(0 as decimal(20, 4))) as minimum_amount,
        coalesce(
            {{ days_between('differences.period_end_date', 'running.close_date') }} > subscriptions.adjustment_days,
            false
        ) as is_too_old
    from differences
    cross join running
    inner join subscriptions on differences.subscription_id = subscriptions.subscription_id
    left join invoice_tax_codes on differences.original_invoice_number = invoice_tax_codes.invoice_number
),

netted as (
    select
        under_policy.*,
        cast(
            sum(case when is_too_old then 0 else difference_amount end) over (
                partition by netted_with, original_tax_codes
            ) as decimal(20, 4)
        ) as net_amount,
        min(minimum_amount) over (partition by netted_with, original_tax_codes) as least_amount
    from under_policy
),

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
        original_tax_codes,
        netted_with,
        net_amount,
        case
            when is_too_old or abs(net_amount) < least_amount then 'left_out'
            when net_amount > 0 then 'lines'
            when net_amount < 0 then 'credit_note'
            else 'none'
        end as handling
    from netted
)

select * from adjustments
