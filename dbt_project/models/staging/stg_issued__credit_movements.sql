-- R-WALLET: what earlier closes granted to lots, drew from them and returned to them, in publications that are visible.
-- Grain: one row per movement_key.

with

running as (select close_sequence from {{ ref('stg_control__run') }}),

publications as (select publication_sequence, close_sequence from {{ source('issued', 'publications') }}),

movements as (
    select
        publication_sequence,
        invoice_number,
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
    inner join running on publications.close_sequence < coalesce(running.close_sequence, 2147483647)
)

select * from visible_before_the_run
