-- R-NOTE-USE: what invoices used of a credit note, in earlier closes and in this one, is never above its credit, and an invoice
-- uses only notes of its payer, in its currency.
-- Grain: one row per credit note that is used for more than it has, or by whom it does not belong to.

with

credit_notes as (
    select document_key, payer_customer_id, currency, credit_amount
    from {{ ref('stg_issued__credit_notes') }}
    union all
    select document_key, payer_customer_id, currency, credit_amount
    from {{ ref('fct_credit_notes') }}
    union all
    select document_key, payer_customer_id, currency, credit_amount
    from {{ ref('stg_catalog__opening_credit_notes') }}
),

uses as (
    select
        credit_note_document_key,
        amount,
        cast(null as varchar) as document_key
    from {{ ref('stg_issued__credit_note_uses') }}
    union all
    select
        credit_note_document_key,
        amount,
        document_key
    from {{ ref('fct_credit_note_uses') }}
),

foreign_uses as (
    select
        uses.credit_note_document_key,
        count(*) as foreign_count
    from uses
    left join {{ ref('fct_invoices') }} as invoices on uses.document_key = invoices.document_key
    left join credit_notes on uses.credit_note_document_key = credit_notes.document_key
    where
        uses.document_key is not null
        and (
            invoices.payer_customer_id is distinct from credit_notes.payer_customer_id
            or invoices.currency is distinct from credit_notes.currency
        )
    group by uses.credit_note_document_key
),

used as (
    select
        credit_note_document_key,
        sum(amount) as used_amount
    from uses
    group by credit_note_document_key
)

select
    used.credit_note_document_key,
    credit_notes.credit_amount,
    used.used_amount,
    foreign_uses.foreign_count
from used
left join credit_notes on used.credit_note_document_key = credit_notes.document_key
left join foreign_uses on used.credit_note_document_key = foreign_uses.credit_note_document_key
where used.used_amount > coalesce(credit_notes.credit_amount, 0) or foreign_uses.foreign_count is not null
