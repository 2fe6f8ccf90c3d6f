select
    movements.lot_id,
    movements.wallet_id,
    movements.customer_id,
    movements.lot_kind,
    movements.currency,
    cast(sum(case when movements.movement_kind = 'granted' then movements.amount else 0 end) as decimal(20, 4)) as granted_amount,
    cast(sum(case when movements.movement_kind = 'returned' then movements.amount else 0 end) as decimal(20, 4)) as returned_amount,
    cast(sum(case when movements.movement_kind = 'used' then movements.amount else 0 end) as decimal(20, 4)) as used_amount,
    cast(sum(case when movements.movement_kind = 'expired' then movements.amount else 0 end) as decimal(20, 4)) as expired_amount,
    cast(sum(case when movements.movement_kind = 'voided' then movements.amount else 0 end) as decimal(20, 4)) as voided_amount,
    cast(sum(case when movements.movement_kind in ('granted', 'returned') then movements.amount else 0 - movements.amount end) as decimal(20, 4)) as remaining_amount
from issued.credit_movements as movements
inner join {publications} as publications on movements.publication_sequence = publications.publication_sequence
group by movements.lot_id, movements.wallet_id, movements.customer_id, movements.lot_kind, movements.currency
