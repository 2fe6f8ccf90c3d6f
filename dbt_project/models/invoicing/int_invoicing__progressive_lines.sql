-- R-PROGRESSIVE: the lines of progressive invoices, and what they and the invoices of periods credit of earlier ones.
-- Grain: one row per line_key.

with

running as (select close_date from {{ ref('stg_control__run') }}),

credits as (
    select
        credits.*,
        running.close_date,
        credits.service_period_start as segment_starts_at,
        cast(null as varchar) as filter_code,
        cast(null as varchar) as group_key
    from {{ ref('int_invoicing__progressive_credits') }} as credits
    cross join running
    where credits.credit_amount > 0
),

lines as (
    select
        subscription_id,
        fee_type,
        charge_code,
        metric_code,
        filter_code,
        group_key,
        position,
        filter_position,
        point_number,
        segment_starts_at,
        segment_ends_at,
        event_id,
        line_key,
        description,
        quantity,
        priced_quantity,
        amount_unrounded,
        amount,
        price_details,
        cast(null as varchar) as cause,
        cast(null as varchar) as original_invoice_number,
        cast(null as varchar) as original_tax_codes,
        'progressive' as invoice_type
    from {{ ref('int_invoicing__progressive_fees') }}
    union all
    -- After the subscription's other lines.
    select
        subscription_id,
        'progressive_credit' as fee_type,
        charge_code,
        metric_code,
        filter_code,
        group_key,
        2000000003 as position,
        position as filter_position,
        cast(0 as bigint) as point_number,
        segment_starts_at,
        service_period_end as segment_ends_at,
        cast(null as varchar) as event_id,
        {{ line_key('credits', "'progressive_credit'", 'cast(credits.close_date as varchar)') }} as line_key,
        'Progressive billing credit: ' || charge_code as description,
        cast(1 as decimal(38, 9)) as quantity,
        cast(1 as decimal(38, 9)) as priced_quantity,
        cast(0 - credit_amount as decimal(38, 21)) as amount_unrounded,
        cast(0 - credit_amount as decimal(20, 4)) as amount,
        '{"model":"progressive_credit","billed_amount":"' || {{ decimal_text('outstanding_amount') }}
        || '","credited_by_note":"' || {{ decimal_text('excess_amount') }} || '"}' as price_details,
        cast(null as varchar) as cause,
        cast(null as varchar) as original_invoice_number,
        cast(null as varchar) as original_tax_codes,
        invoice_type
    from credits
)

select * from lines
