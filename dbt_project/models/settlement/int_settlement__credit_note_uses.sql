-- R-NOTE-USE: what each invoice uses of each credit note. Notes, oldest first, and invoices in settling order are laid end to end
-- on one scale of money per payer and currency; where a note and an invoice overlap, the one pays for the other.
-- Grain: one row per (document_key, credit_note_document_key) that moves money.

with

note_spans as (
    select
        available_notes.*,
        sum(balance_amount) over (
            partition by payer_customer_id, currency
            order by note_rank
            rows between unbounded preceding and current row
        ) as ends_at_amount
    from {{ ref('int_settlement__available_notes') }} as available_notes
),

invoice_spans as (
    select
        document_key,
        payer_customer_id,
        currency,
        total_amount,
        sum(total_amount) over (
            partition by payer_customer_id, currency
            order by billing_entity_code, document_key
            rows between unbounded preceding and current row
        ) as ends_at_amount
    from {{ ref('int_settlement__invoice_totals') }}
    where total_amount > 0
),

overlapping as (
    select
        invoice_spans.document_key,
        note_spans.credit_note_document_key,
        note_spans.opening_note_number,
        invoice_spans.payer_customer_id,
        invoice_spans.currency,
        cast(
            least(note_spans.ends_at_amount, invoice_spans.ends_at_amount)
            - greatest(
                note_spans.ends_at_amount - note_spans.balance_amount,
                invoice_spans.ends_at_amount - invoice_spans.total_amount
            ) as decimal(20, 4)
        ) as amount
    from note_spans
    inner join invoice_spans
        on
            note_spans.payer_customer_id = invoice_spans.payer_customer_id
            and note_spans.currency = invoice_spans.currency
),

uses as (
    select * from overlapping
    where amount > 0
)

select * from uses
