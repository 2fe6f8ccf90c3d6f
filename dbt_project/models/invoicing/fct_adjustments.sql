-- R-ADJUST: every difference that this close found, and what became of it: also what policy leaves out is reported here.
-- Grain: one row per (subscription_id, fee_family, period_starts_at, compared_key).

with

adjustments as (
    select
        subscription_id,
        fee_family,
        period_starts_at,
        compared_key,
        cause,
        fee_type,
        charge_code,
        filter_code,
        group_key,
        service_period_start,
        service_period_end,
        computed_amount,
        issued_amount,
        difference_amount,
        original_invoice_number,
        original_tax_codes,
        netted_with,
        net_amount,
        handling,
        row_number() over (
            partition by netted_with, original_tax_codes, handling
            order by difference_amount, compared_key
        ) as net_rank
    from {{ ref('int_invoicing__adjustments') }}
),

subscriptions as (select subscription_id, customer_id, currency from {{ ref('dim_subscriptions') }}),

credits as (
    select
        netted_with,
        coalesce(tax_codes, '') as tax_codes,
        sum(amount) as amount
    from {{ ref('fct_adjustment_credits') }}
    group by netted_with, coalesce(tax_codes, '')
),

-- What no issued line has left to take is left out too, of the greatest difference of its net.
reported as (
    select
        adjustments.subscription_id,
        adjustments.fee_family,
        adjustments.period_starts_at,
        adjustments.compared_key,
        subscriptions.customer_id,
        subscriptions.currency,
        adjustments.cause,
        adjustments.fee_type,
        adjustments.charge_code,
        adjustments.filter_code,
        adjustments.group_key,
        adjustments.service_period_start,
        adjustments.service_period_end,
        adjustments.computed_amount,
        adjustments.issued_amount,
        adjustments.difference_amount,
        adjustments.original_invoice_number,
        adjustments.net_amount,
        adjustments.handling,
        cast(
            case
                when adjustments.handling = 'left_out' then adjustments.difference_amount
                when adjustments.handling = 'credit_note' and adjustments.net_rank = 1
                    then adjustments.net_amount + coalesce(credits.amount, 0)
                else 0
            end as decimal(20, 4)
        ) as left_out_amount
    from adjustments
    inner join subscriptions on adjustments.subscription_id = subscriptions.subscription_id
    left join credits
        on adjustments.netted_with = credits.netted_with and adjustments.original_tax_codes = credits.tax_codes
)

select * from reported
