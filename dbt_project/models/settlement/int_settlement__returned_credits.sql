-- R-RETURN: what each note returns to the lots that paid its invoice, the last drawn first. What notes return and what lots paid
-- are laid end to end on one scale of money per invoice, beyond what earlier notes returned; where the two overlap, it goes back.
-- Grain: one row per (document_key, lot_id) that moves money.

with

notes as (
    select document_key, invoice_number, returned_amount
    from {{ ref('int_settlement__credit_note_parts') }}
    where returned_amount > 0
),

returned_before as (
    select
        invoice_number,
        sum(returned_amount) as amount
    from {{ ref('stg_issued__credit_notes') }}
    group by invoice_number
),

wallets as (select wallet_id, priority, row_number from {{ ref('stg_catalog__wallets') }}),

-- Releases before did not keep the order of drawing: theirs is that of the catalog.
draws as (
    select
        movements.invoice_number,
        movements.lot_id,
        movements.wallet_id,
        movements.lot_kind,
        movements.customer_id,
        movements.currency,
        movements.amount,
        sum(movements.amount) over (
            partition by movements.invoice_number
            order by
                coalesce(movements.draw_number, 0) desc,
                coalesce(wallets.priority, 0) desc,
                coalesce(wallets.row_number, 0) desc,
                movements.lot_kind desc,
                movements.lot_id desc
            rows between unbounded preceding and current row
        ) as ends_at_amount
    from {{ ref('stg_issued__credit_movements') }} as movements
    left join wallets on movements.wallet_id = wallets.wallet_id
    where movements.movement_kind = 'used'
),

note_spans as (
    select
        notes.document_key,
        notes.invoice_number,
        notes.returned_amount,
        coalesce(returned_before.amount, 0) + sum(notes.returned_amount) over (
            partition by notes.invoice_number
            order by notes.document_key
            rows between unbounded preceding and current row
        ) as ends_at_amount
    from notes
    left join returned_before on notes.invoice_number = returned_before.invoice_number
),

overlapping as (
    select
        note_spans.document_key,
        draws.lot_id,
        draws.wallet_id,
        draws.lot_kind,
        draws.customer_id,
        draws.currency,
        cast(
            least(note_spans.ends_at_amount, draws.ends_at_amount)
            - greatest(
                note_spans.ends_at_amount - note_spans.returned_amount, draws.ends_at_amount - draws.amount
            ) as decimal(20, 4)
        ) as amount
    from note_spans
    inner join draws on note_spans.invoice_number = draws.invoice_number
),

returned as (
    select * from overlapping
    where amount > 0
)

select * from returned
