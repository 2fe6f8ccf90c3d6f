-- R-TOP-UP: the lines of top-up invoices, one per rule that sells: no tax, no coupon, no earlier credit.
-- Grain: one row per (document_key, line_number).

with

top_ups as (
    select * from {{ ref('int_settlement__top_ups') }}
    where lot_kind = 'purchased'
),

lines as (
    select
        document_key,
        cast(row_number() over (partition by document_key order by row_number) as integer) as line_number,
        -- A subscription's id stands before the first slash of other lines' keys.
        '/' || lot_id as line_key,
        customer_id,
        cast(null as varchar) as subscription_id,
        'top_up' as fee_type,
        cast(null as varchar) as charge_code,
        cast(null as varchar) as metric_code,
        cast(null as varchar) as filter_code,
        cast(null as varchar) as group_key,
        cast(null as varchar) as event_id,
        description || ': ' || {{ decimal_text('credits') }}
        || case credits when 1 then ' credit' else ' credits' end || ' at ' || {{ decimal_text('credit_rate') }}
        || ' ' || currency as description,
        day_starts_at as service_period_start,
        day_ends_at as service_period_end,
        cast(credits as decimal(38, 9)) as quantity,
        cast(credit_rate as decimal(38, 12)) as unit_amount,
        cast(paid_unrounded as decimal(38, 21)) as amount_unrounded,
        amount,
        '{"model":"top_up","top_up_rule_id":' || {{ json_quoted('top_up_rule_id') }}
        || ',"wallet_id":' || {{ json_quoted('wallet_id') }}
        || ',"trigger":"' || trigger_type || '","method":"' || method || '"'
        || coalesce(',"threshold_credits":"' || {{ decimal_text('threshold_credits') }} || '"', '')
        || coalesce(',"target_credits":"' || {{ decimal_text('target_ongoing_balance') }} || '"', '')
        || coalesce(',"ongoing_balance":"' || {{ decimal_text('ongoing_balance_amount') }} || '"', '')
        || case when step_count > 1 then ',"steps":"' || cast(step_count as varchar) || '"' else '' end
        || '}' as price_details,
        cast(0 as decimal(20, 4)) as coupon_amount,
        cast(null as varchar) as tax_codes,
        cast(0 as decimal(9, 5)) as tax_rate,
        cast(null as varchar) as tax_evidence,
        currency,
        cast(null as varchar) as cause,
        cast(null as varchar) as original_invoice_number,
        cast(null as integer) as original_line_number,
        cast(0 as decimal(38, 12)) as coupon_amount_unrounded
    from top_ups
)

select * from lines
