-- R-NOTE-USE: what each invoice uses of each credit note. Notes, oldest first, and invoices in settling order are laid end to end
-- on one scale of money per payer and currency; where a note and an invoice overlap, the one pays for the other.
-- Grain: one row per (document_key, credit_note_document_key) that moves money.

with

used_before as (
    select
        credit_note_document_key,
        sum(amount) as amount
    from {{ ref('stg_issued__credit_note_uses') }}
    group by credit_note_document_key
),

notes_before as (
    select
        document_key,
        publication_sequence,
        number_index,
        payer_customer_id,
        billing_entity_code,
        currency,
        credit_amount
    from {{ ref('stg_issued__credit_notes') }}
    where credit_amount > 0
),

new_notes as (
    select document_key, payer_customer_id, billing_entity_code, currency, credit_amount
    from {{ ref('int_settlement__credit_note_parts') }}
    where credit_amount > 0
),

-- Notes of this close come last, in the order in which publication numbers them.
available_notes as (
    select
        notes_before.document_key,
        notes_before.payer_customer_id,
        notes_before.currency,
        notes_before.publication_sequence,
        notes_before.billing_entity_code,
        notes_before.number_index,
        notes_before.credit_amount - coalesce(used_before.amount, 0) as balance_amount
    from notes_before
    left join used_before on notes_before.document_key = used_before.credit_note_document_key
    union all
    select
        document_key,
        payer_customer_id,
        currency,
        cast(null as integer) as publication_sequence,
        billing_entity_code,
        cast(null as integer) as number_index,
        credit_amount as balance_amount
    from new_notes
),

note_spans as (
    select
        document_key as credit_note_document_key,
        payer_customer_id,
        currency,
        balance_amount,
        sum(balance_amount) over (
            partition by payer_customer_id, currency
            order by
                publication_sequence nulls last,
                billing_entity_code,
                number_index nulls last,
                document_key
            rows between unbounded preceding and current row
        ) as ends_at_amount
    from available_notes
    where balance_amount > 0
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
