-- R-RETURN: what credit notes returned to a lot of what an invoice drew from it, in earlier closes and in this one, is never
-- above that; and a note of this close returns its own part, neither more nor less.
-- Grain: one row per (invoice_number, lot_id) that gets back more than it paid, or note that returns more or less than its part.

with

credit_notes as (
    select
        document_key,
        invoice_number,
        cast(null as decimal(20, 4)) as returned_amount
    from {{ ref('stg_issued__credit_notes') }}
    union all
    select
        document_key,
        invoice_number,
        returned_amount
    from {{ ref('fct_credit_notes') }}
),

movements as (
    select movement_kind, lot_id, invoice_number, credit_note_document_key, amount
    from {{ ref('stg_issued__credit_movements') }}
    union all
    select
        movement_kind,
        lot_id,
        cast(null as varchar) as invoice_number,
        credit_note_document_key,
        amount
    from {{ ref('fct_credit_movements') }}
    where movement_kind = 'returned'
),

lots_of_invoices as (
    select
        coalesce(credit_notes.invoice_number, movements.invoice_number) as invoice_number,
        movements.lot_id,
        sum(case when movements.movement_kind = 'returned' then movements.amount else 0 end) as returned_amount,
        sum(case when movements.movement_kind = 'used' then movements.amount else 0 end) as drawn_amount
    from movements
    left join credit_notes on movements.credit_note_document_key = credit_notes.document_key
    where movements.movement_kind in ('used', 'returned')
    group by coalesce(credit_notes.invoice_number, movements.invoice_number), movements.lot_id
),

returns_of_notes as (
    select
        credit_notes.invoice_number,
        credit_notes.document_key,
        coalesce(sum(movements.amount), 0) as returned_amount,
        credit_notes.returned_amount as part_amount
    from credit_notes
    left join movements on credit_notes.document_key = movements.credit_note_document_key
    where credit_notes.returned_amount is not null
    group by credit_notes.invoice_number, credit_notes.document_key, credit_notes.returned_amount
)

select
    invoice_number,
    cast(null as varchar) as document_key,
    lot_id,
    returned_amount,
    drawn_amount as allowed_amount
from lots_of_invoices
where returned_amount > drawn_amount
union all
select
    invoice_number,
    document_key,
    cast(null as varchar) as lot_id,
    returned_amount,
    part_amount as allowed_amount
from returns_of_notes
where returned_amount <> part_amount
