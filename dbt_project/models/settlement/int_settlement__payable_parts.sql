-- R-BUCKET: what the invoices of who has prepaid credit come to before they are rounded as a whole: fees less coupons, with
-- their exact tax, by what wallets are limited to (fee type and metric) and by start of service.
-- Grain: one row per (document_key, scope_fee_type, metric_code, service_period_start).

with

holders as (
    select distinct customer_id, currency
    from {{ ref('int_settlement__available_lots') }}
    where drawing_step is not null
),

line_taxes as (
    select
        document_key,
        line_number,
        sum(tax_amount_unrounded) as tax_amount_unrounded
    from {{ ref('int_settlement__line_taxes') }}
    group by document_key, line_number
),

taxed_lines as (
    select
        lines.document_key,
        holders.customer_id,
        lines.currency,
        lines.billing_entity_code,
        lines.minor_unit,
        {{ scope_fee_type('lines.fee_type') }} as scope_fee_type,
        lines.metric_code,
        lines.service_period_start,
        lines.discounted_amount + coalesce(line_taxes.tax_amount_unrounded, 0) as amount_unrounded
    from {{ ref('int_settlement__discounted_lines') }} as lines
    inner join holders on lines.payer_customer_id = holders.customer_id and lines.currency = holders.currency
    left join line_taxes
        on lines.document_key = line_taxes.document_key and lines.line_number = line_taxes.line_number
),

parts as (
    select
        document_key,
        customer_id,
        currency,
        billing_entity_code,
        minor_unit,
        scope_fee_type,
        metric_code,
        service_period_start,
        cast(sum(amount_unrounded) as decimal(38, 21)) as amount_unrounded
    from taxed_lines
    group by
        document_key,
        customer_id,
        currency,
        billing_entity_code,
        minor_unit,
        scope_fee_type,
        metric_code,
        service_period_start
)

select * from parts
