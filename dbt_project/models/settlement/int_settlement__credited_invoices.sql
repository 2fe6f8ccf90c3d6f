-- R-NOTE: each note with what stands of its invoice: what was paid of it, what is open, and what earlier notes took and gave
-- back. Prepaid credit counts as paid.
-- Grain: one row per document_key.

with

running as (select close_date from {{ ref('stg_control__run') }}),

totals as (
    select
        credit_note_totals.*,
        cast(subtotal_amount + tax_amount as decimal(20, 4)) as total_amount
    from {{ ref('int_settlement__credit_note_totals') }} as credit_note_totals
),

fees as (
    select invoice_number, subscription_id, fee_with_tax_unrounded, used_with_tax_unrounded
    from {{ ref('int_settlement__fees_cut_short') }}
),

payments as (
    select
        payments.invoice_number,
        sum(payments.amount) as amount
    from {{ ref('stg_catalog__payments') }} as payments
    inner join running on payments.paid_on <= running.close_date
    group by payments.invoice_number
),

notes_before as (
    select
        invoice_number,
        subscription_id,
        sum(subtotal_amount + tax_amount) as total_amount,
        sum(refund_amount) as refund_amount,
        sum(offset_amount) as offset_amount,
        sum(returned_amount) as returned_amount
    from {{ ref('stg_issued__credit_notes') }}
    group by invoice_number, subscription_id
),

invoice_notes_before as (
    select
        invoice_number,
        sum(total_amount) as total_amount,
        sum(refund_amount) as refund_amount,
        sum(offset_amount) as offset_amount
    from notes_before
    group by invoice_number
),

credited as (
    select
        totals.document_key,
        totals.invoice_number,
        totals.subscription_id,
        totals.reason,
        totals.handling,
        totals.customer_id,
        totals.payer_customer_id,
        totals.billing_entity_code,
        totals.currency,
        totals.minor_unit,
        totals.subtotal_amount,
        totals.tax_amount,
        totals.total_amount,
        totals.invoice_total_amount,
        totals.invoice_prepaid_credit_amount,
        totals.invoice_amount_due,
        fees.fee_with_tax_unrounded,
        {{ round_to_minor_unit('fees.used_with_tax_unrounded', 'totals.minor_unit') }} as used_with_tax_amount,
        greatest(
            least(
                totals.invoice_prepaid_credit_amount + coalesce(payments.amount, 0), totals.invoice_total_amount
            ), 0
        ) as paid_amount,
        greatest(
            totals.invoice_amount_due - coalesce(payments.amount, 0)
            - coalesce(invoice_notes_before.offset_amount, 0), 0
        ) as open_amount,
        greatest(coalesce(payments.amount, 0) - coalesce(invoice_notes_before.refund_amount, 0), 0)
            as refundable_amount,
        coalesce(notes_before.refund_amount + notes_before.returned_amount, 0) as given_back_amount,
        coalesce(invoice_notes_before.total_amount, 0) as credited_before_amount
    from totals
    left join fees
        on totals.invoice_number = fees.invoice_number and totals.subscription_id = fees.subscription_id
    left join payments on totals.invoice_number = payments.invoice_number
    left join notes_before
        on
            totals.invoice_number = notes_before.invoice_number
            and totals.subscription_id = notes_before.subscription_id
    left join invoice_notes_before on totals.invoice_number = invoice_notes_before.invoice_number
)

select * from credited
