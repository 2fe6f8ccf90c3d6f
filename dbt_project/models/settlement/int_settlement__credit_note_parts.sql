-- R-RETURN: what becomes of a note's total. Notes take an invoice back from its end: first what was left to pay after wallets,
-- then what wallets paid, which returns to them, then what earlier notes paid. refund: what was paid of the fee beyond its used
-- part is paid back; offset: the note lowers what is still open; the rest, and all by credit, is for later invoices.
-- Grain: one row per document_key.

with

credited_invoices as (
    select
        credited_invoices.*,
        sum(case when handling = 'offset' then total_amount else 0 end) over notes_of_the_invoice as offset_through,
        credited_before_amount + sum(total_amount) over notes_of_the_invoice as total_through
    from {{ ref('int_settlement__credited_invoices') }} as credited_invoices
    window notes_of_the_invoice as (
        partition by invoice_number order by document_key
        rows between unbounded preceding and current row
    )
),

parted as (
    select
        credited_invoices.*,
        case
            when handling <> 'refund' or paid_amount = 0 then 0
            when reason = 'manual' then total_amount
            else
                least(
                    greatest(
                        {{ share_of_amount(
                            'paid_amount', 'fee_with_tax_unrounded', 'invoice_total_amount', 'minor_unit'
                        ) }}
                        - used_with_tax_amount - given_back_amount, 0
                    ), total_amount
                )
        end as overpaid_amount,
        cast(
            case
                when handling <> 'offset' then 0
                else least(offset_through, open_amount) - least(offset_through - total_amount, open_amount)
            end as decimal(20, 4)
        ) as offset_amount,
        least(greatest(total_through - invoice_amount_due, 0), invoice_prepaid_credit_amount)
        - least(greatest(total_through - total_amount - invoice_amount_due, 0), invoice_prepaid_credit_amount)
            as prepaid_amount
    from credited_invoices
),

returned as (
    select
        parted.*,
        cast(least(prepaid_amount, total_amount - offset_amount) as decimal(20, 4)) as returned_amount,
        greatest(overpaid_amount - least(prepaid_amount, total_amount - offset_amount), 0) as wanted_amount
    from parted
),

-- No more money is paid back than came in, over all notes of an invoice.
added_up as (
    select
        returned.*,
        sum(wanted_amount) over (
            partition by invoice_number
            order by document_key
            rows between unbounded preceding and current row
        ) as wanted_through
    from returned
),

refunded as (
    select
        added_up.*,
        cast(
            least(wanted_through, refundable_amount) - least(wanted_through - wanted_amount, refundable_amount)
            as decimal(20, 4)
        ) as refund_amount
    from added_up
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
        cast(total_amount - refund_amount - offset_amount - returned_amount as decimal(20, 4)) as credit_amount,
        refund_amount,
        offset_amount,
        returned_amount
    from refunded
)

select * from parts
