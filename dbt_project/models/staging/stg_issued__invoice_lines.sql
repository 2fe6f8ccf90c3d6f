-- R-REGISTER: the lines that earlier closes issued, in publications that are visible, each with the family whose periods bill it.
-- Grain: one row per line_key.

with

publications as (select publication_sequence, close_sequence from {{ ref('stg_issued__publications') }}),

lines as (
    select
        publication_sequence,
        coalesce(invoice_number, document_key) as invoice_number,
        line_number,
        line_key,
        customer_id,
        subscription_id,
        fee_type,
        charge_code,
        metric_code,
        filter_code,
        group_key,
        description,
        service_period_start,
        service_period_end,
        quantity,
        amount,
        coupon_amount,
        coalesce(coupon_amount_unrounded, coupon_amount) as coupon_amount_unrounded,
        tax_codes,
        tax_rate,
        price_details,
        coalesce(original_invoice_number, invoice_number, document_key) as original_invoice_number,
        case fee_type
            when 'subscription' then 'base'
            when 'fixed_charge' then 'fixed'
            when 'fixed_charge_in_advance' then 'fixed_in_advance'
            when 'commitment_true_up' then 'commitment'
            else 'usage'
        end as fee_family
    from {{ source('issued', 'invoice_lines') }}
),

visible_before_the_run as (
    select
        publications.close_sequence,
        lines.invoice_number,
        lines.line_number,
        lines.line_key,
        lines.customer_id,
        lines.subscription_id,
        lines.fee_type,
        lines.charge_code,
        lines.metric_code,
        lines.filter_code,
        lines.group_key,
        lines.description,
        lines.service_period_start,
        lines.service_period_end,
        lines.quantity,
        lines.amount,
        lines.coupon_amount,
        lines.coupon_amount_unrounded,
        lines.tax_codes,
        lines.tax_rate,
        lines.price_details,
        lines.original_invoice_number,
        lines.fee_family
    from lines
    inner join publications on lines.publication_sequence = publications.publication_sequence
)

select * from visible_before_the_run
