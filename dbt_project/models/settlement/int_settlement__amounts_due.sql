-- R-TOTAL: total, less credit notes and prepaid credit, is what remains to pay. Nothing comes off a top-up invoice.
-- Grain: one row per document_key.

with

invoice_totals as (
    select
        document_key,
        invoice_type,
        customer_id,
        payer_customer_id,
        billing_entity_code,
        currency,
        fees_amount,
        progressive_credit_amount,
        coupon_amount,
        tax_amount,
        effective_tax_rate,
        total_amount
    from {{ ref('int_settlement__invoice_totals') }}
),

drawn as (
    select
        document_key,
        cast(sum(amount) as decimal(20, 4)) as prepaid_credit_amount
    from {{ ref('int_settlement__wallet_draws') }}
    group by document_key
),

top_up_invoices as (
    select
        document_key,
        customer_id,
        billing_entity_code,
        currency,
        cast(sum(amount) as decimal(20, 4)) as amount
    from {{ ref('int_settlement__top_ups') }}
    where lot_kind = 'purchased'
    group by document_key, customer_id, billing_entity_code, currency
),

used_notes as (
    select
        document_key,
        cast(sum(amount) as decimal(20, 4)) as credit_note_amount
    from {{ ref('int_settlement__credit_note_uses') }}
    group by document_key
),

amounts_due as (
    select
        invoice_totals.document_key,
        invoice_totals.invoice_type,
        invoice_totals.customer_id,
        invoice_totals.payer_customer_id,
        invoice_totals.billing_entity_code,
        invoice_totals.currency,
        invoice_totals.fees_amount,
        invoice_totals.progressive_credit_amount,
        invoice_totals.coupon_amount,
        invoice_totals.tax_amount,
        invoice_totals.effective_tax_rate,
        invoice_totals.total_amount,
        coalesce(used_notes.credit_note_amount, cast(0 as decimal(20, 4))) as credit_note_amount,
        coalesce(drawn.prepaid_credit_amount, cast(0 as decimal(20, 4))) as prepaid_credit_amount,
        cast(
            invoice_totals.total_amount
            - coalesce(used_notes.credit_note_amount, cast(0 as decimal(20, 4)))
            - coalesce(drawn.prepaid_credit_amount, cast(0 as decimal(20, 4)))
            as decimal(20, 4)
        ) as amount_due
    from invoice_totals
    left join used_notes on invoice_totals.document_key = used_notes.document_key
    left join drawn on invoice_totals.document_key = drawn.document_key
    union all
    select
        document_key,
        'top_up' as invoice_type,
        customer_id,
        customer_id as payer_customer_id,
        billing_entity_code,
        currency,
        amount as fees_amount,
        cast(0 as decimal(20, 4)) as progressive_credit_amount,
        cast(0 as decimal(20, 4)) as coupon_amount,
        cast(0 as decimal(20, 4)) as tax_amount,
        cast(0 as decimal(20, 5)) as effective_tax_rate,
        amount as total_amount,
        cast(0 as decimal(20, 4)) as credit_note_amount,
        cast(0 as decimal(20, 4)) as prepaid_credit_amount,
        amount as amount_due
    from top_up_invoices
)

select * from amounts_due
