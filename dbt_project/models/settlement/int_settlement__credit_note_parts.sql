-- R-NOTE: what becomes of a note's total. refund: what was paid of the fee beyond its used part is paid back; offset: the note
-- lowers what is still open of its invoice; the rest, and all by credit, is for later invoices.
-- Grain: one row per document_key.

with

running as (select close_date from {{ ref('stg_control__run') }}),

totals as (
    select
        document_key,
        invoice_number,
        subscription_id,
        reason,
        handling,
        customer_id,
        payer_customer_id,
        billing_entity_code,
        currency,
        minor_unit,
        subtotal_amount,
        tax_amount,
        cast(subtotal_amount + tax_amount as decimal(20, 4)) as total_amount,
        invoice_total_amount,
        invoice_prepaid_credit_amount,
        invoice_amount_due
    from {{ ref('int_settlement__credit_note_totals') }}
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
        sum(refund_amount) as refund_amount,
        sum(offset_amount) as offset_amount
    from {{ ref('stg_issued__credit_notes') }}
    group by invoice_number, subscription_id
),

offsets_before as (
    select
        invoice_number,
        sum(offset_amount) as offset_amount
    from notes_before
    group by invoice_number
),

known as (
    select
        totals.*,
        fees.fee_with_tax_unrounded,
        {{ round_to_minor_unit('fees.used_with_tax_unrounded', 'totals.minor_unit') }} as used_with_tax_amount,
        coalesce(notes_before.refund_amount, 0) as refunded_amount,
        greatest(
            least(
                totals.invoice_prepaid_credit_amount + coalesce(payments.amount, 0), totals.invoice_total_amount
            ), 0
        ) as paid_amount,
        greatest(
            totals.invoice_amount_due - coalesce(payments.amount, 0) - coalesce(offsets_before.offset_amount, 0), 0
        ) as open_amount,
        sum(case when totals.handling = 'offset' then totals.total_amount else 0 end) over (
            partition by totals.invoice_number
            order by totals.document_key
            rows between unbounded preceding and current row
        ) as offset_through
    from totals
    left join fees
        on totals.invoice_number = fees.invoice_number and totals.subscription_id = fees.subscription_id
    left join payments on totals.invoice_number = payments.invoice_number
    left join notes_before
        on
            totals.invoice_number = notes_before.invoice_number
            and totals.subscription_id = notes_before.subscription_id
    left join offsets_before on totals.invoice_number = offsets_before.invoice_number
),

parted as (
    select
        known.*,
        cast(
            case
                when handling <> 'refund' or paid_amount = 0 then 0
                else
                    least(
                        greatest(
                            {{ share_of_amount(
                                'paid_amount', 'fee_with_tax_unrounded', 'invoice_total_amount', 'minor_unit'
                            ) }}
                            - used_with_tax_amount - refunded_amount, 0
                        ), total_amount
                    )
            end as decimal(20, 4)
        ) as refund_amount,
        cast(
            case
                when handling <> 'offset' then 0
                else least(offset_through, open_amount) - least(offset_through - total_amount, open_amount)
            end as decimal(20, 4)
        ) as offset_amount
    from known
),

parts as (
    select
        document_key,
        invoice_number,
        subscription_id,
        reason,
        customer_id,
        payer_customer_id,
        billing_entity_code,
        currency,
        subtotal_amount,
        tax_amount,
        total_amount,
        cast(total_amount - refund_amount - offset_amount as decimal(20, 4)) as credit_amount,
        refund_amount,
        offset_amount
    from parted
)

select * from parts
