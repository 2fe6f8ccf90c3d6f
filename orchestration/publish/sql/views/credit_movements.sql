-- Grants to and draws from wallet lots, with the invoice that drew. Grain: one row per movement_key.

with

publications as (select publication_sequence, close_date, publication_no from issued.publications),

visible as (
    select
        credit_movements.movement_key,
        credit_movements.movement_kind,
        credit_movements.movement_date,
        publications.close_date,
        publications.publication_no,
        credit_movements.invoice_number,
        credit_movements.lot_id,
        credit_movements.wallet_id,
        credit_movements.lot_kind,
        credit_movements.customer_id,
        credit_movements.currency,
        credit_movements.amount
    from issued.credit_movements
    inner join publications on credit_movements.publication_sequence = publications.publication_sequence
)

select * from visible
