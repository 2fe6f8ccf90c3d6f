-- R-REGISTER: the lines that earlier closes issued, in publications that are visible, each with the family whose periods bill it.
-- Grain: one row per line_key.

with

running as (select close_sequence from {{ ref('stg_control__run') }}),

publications as (select publication_sequence, close_sequence from {{ source('issued', 'publications') }}),

lines as (
    select
        publication_sequence,
        invoice_number,
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
        coalesce(original_invoice_number, invoice_number) as original_invoice_number,
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
    select lines.*
    from lines
    inner join publications on lines.publication_sequence = publications.publication_sequence
    inner join running on publications.close_sequence < coalesce(running.close_sequence, 2147483647)
)

select * from visible_before_the_run
