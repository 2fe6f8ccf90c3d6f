-- R-WALLET: what earlier closes granted to lots, drew from them and returned to them, in publications that are visible.
-- Grain: one row per movement_key.

with

publications as (select publication_sequence, is_held from {{ ref('stg_issued__publications') }}),

movements as (
    select
        publication_sequence,
        coalesce(invoice_number, document_key) as invoice_number,
        movement_key,
        movement_kind,
        wallet_id,
        lot_id,
        lot_kind,
        customer_id,
        currency,
        amount,
        movement_date,
        draw_number,
        credit_note_document_key,
        credit_rate,
        metric_code,
        units
    from {{ source('issued', 'credit_movements') }}
),

visible_before_the_run as (
    select
        movements.invoice_number,
        movements.movement_key,
        movements.movement_kind,
        movements.wallet_id,
        movements.lot_id,
        movements.lot_kind,
        movements.customer_id,
        movements.currency,
        movements.amount,
        movements.movement_date,
        movements.draw_number,
        movements.credit_note_document_key,
        movements.credit_rate,
        movements.metric_code,
        movements.units
    from movements
    inner join publications on movements.publication_sequence = publications.publication_sequence
    where not publications.is_held or movements.movement_kind <> 'returned'
)

select * from visible_before_the_run
