-- Prepaid credit per lot: granted − used − expired − voided = remaining. Grain: one row per lot_id.

with

publications as (select publication_sequence from issued.publications),

movements as (
    select
        credit_movements.lot_id,
        credit_movements.wallet_id,
        credit_movements.customer_id,
        credit_movements.lot_kind,
        credit_movements.currency,
        case when credit_movements.movement_kind = 'granted' then credit_movements.amount else 0 end as granted_amount,
        case when credit_movements.movement_kind = 'used' then credit_movements.amount else 0 end as used_amount,
        case when credit_movements.movement_kind = 'expired' then credit_movements.amount else 0 end as expired_amount,
        case when credit_movements.movement_kind = 'voided' then credit_movements.amount else 0 end as voided_amount
    from issued.credit_movements
    inner join publications on credit_movements.publication_sequence = publications.publication_sequence
),

summed_per_lot as (
    select
        lot_id,
        wallet_id,
        customer_id,
        lot_kind,
        currency,
        cast(sum(granted_amount) as decimal(20, 4)) as granted_amount,
        cast(sum(used_amount) as decimal(20, 4)) as used_amount,
        cast(sum(expired_amount) as decimal(20, 4)) as expired_amount,
        cast(sum(voided_amount) as decimal(20, 4)) as voided_amount,
        cast(sum(granted_amount - used_amount - expired_amount - voided_amount) as decimal(20, 4)) as remaining_amount
    from movements
    group by lot_id, wallet_id, customer_id, lot_kind, currency
)

select * from summed_per_lot
