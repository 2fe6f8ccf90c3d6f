-- R-PAYER: the fees of subscriptions, each with who uses, who is invoiced for it, and by which entity: the payer's. What corrects
-- an invoice is for who was invoiced by it, by its entity, under the taxes and coupons that it had, whoever pays today.
-- Grain: one row per line_key.

with

billed_fees as (select * from {{ ref('int_invoicing__billed_fees') }}),

progressive_lines as (select * from {{ ref('int_invoicing__progressive_lines') }}),

subscriptions as (
    select subscription_id, customer_id, payer_customer_id, currency, minor_unit from {{ ref('dim_subscriptions') }}
),

customers as (select customer_id, billing_entity_code from {{ ref('stg_catalog__customers') }}),

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
        cause,
        original_invoice_number,
        original_tax_codes,
        'subscription' as invoice_type,
        original_payer_id,
        original_entity_code
    from billed_fees
    union all
    select
        progressive_lines.*,
        cast(null as varchar) as original_payer_id,
        cast(null as varchar) as original_entity_code
    from progressive_lines
),

paid_for as (
    select
        lines.*,
        subscriptions.customer_id,
        coalesce(lines.original_payer_id, subscriptions.payer_customer_id) as payer_customer_id,
        subscriptions.currency,
        subscriptions.minor_unit
    from lines
    inner join subscriptions on lines.subscription_id = subscriptions.subscription_id
),

addressed as (
    select
        paid_for.subscription_id,
        paid_for.fee_type,
        paid_for.charge_code,
        paid_for.metric_code,
        paid_for.filter_code,
        paid_for.group_key,
        paid_for.position,
        paid_for.filter_position,
        paid_for.point_number,
        paid_for.segment_starts_at,
        paid_for.segment_ends_at,
        paid_for.event_id,
        paid_for.line_key,
        paid_for.description,
        paid_for.quantity,
        paid_for.priced_quantity,
        paid_for.amount_unrounded,
        paid_for.amount,
        paid_for.price_details,
        paid_for.cause,
        paid_for.original_invoice_number,
        paid_for.original_tax_codes,
        paid_for.invoice_type,
        paid_for.customer_id,
        paid_for.payer_customer_id,
        coalesce(paid_for.original_entity_code, customers.billing_entity_code) as billing_entity_code,
        paid_for.currency,
        paid_for.minor_unit
    from paid_for
    inner join customers on paid_for.payer_customer_id = customers.customer_id
)

select * from addressed
