select
    movements.movement_key,
    movements.movement_kind,
    movements.movement_date,
    publications.close_date,
    publications.publication_no,
    movements.invoice_number,
    movements.lot_id,
    movements.wallet_id,
    movements.lot_kind,
    movements.customer_id,
    movements.currency,
    movements.amount,
    movements.draw_number,
    movements.credit_note_number,
    cast(coalesce(movements.credits, movements.amount) as decimal(38, 5)) as credits,
    movements.metric_code,
    movements.units
from issued.credit_movements as movements
inner join {publications} as publications on movements.publication_sequence = publications.publication_sequence
