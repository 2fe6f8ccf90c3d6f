-- What each publication did to each lot that it moved: opening + granted − used − expired − voided = closing.
-- Grain: one row per (close_date, publication_no, lot_id).

with

publications as (select publication_sequence, close_date, publication_no from issued.publications),

movements as (
    select
        publications.publication_sequence,
        publications.close_date,
        publications.publication_no,
        credit_movements.lot_id,
        credit_movements.wallet_id,
        credit_movements.customer_id,
        credit_movements.currency,
        case when credit_movements.movement_kind = 'granted' then credit_movements.amount else 0 end as granted_amount,
        case when credit_movements.movement_kind = 'used' then credit_movements.amount else 0 end as used_amount,
        case when credit_movements.movement_kind = 'expired' then credit_movements.amount else 0 end as expired_amount,
        case when credit_movements.movement_kind = 'voided' then credit_movements.amount else 0 end as voided_amount
    from issued.credit_movements
    inner join publications on credit_movements.publication_sequence = publications.publication_sequence
),

summed_per_publication as (
    select
        publication_sequence,
        close_date,
        publication_no,
        lot_id,
        wallet_id,
        customer_id,
        currency,
        sum(granted_amount) as granted_amount,
        sum(used_amount) as used_amount,
        sum(expired_amount) as expired_amount,
        sum(voided_amount) as voided_amount,
        sum(granted_amount - used_amount - expired_amount - voided_amount) as change_amount
    from movements
    group by publication_sequence, close_date, publication_no, lot_id, wallet_id, customer_id, currency
),

carried_forward as (
    select
        close_date,
        publication_no,
        lot_id,
        wallet_id,
        customer_id,
        currency,
        granted_amount,
        used_amount,
        expired_amount,
        voided_amount,
        change_amount,
        sum(change_amount) over (
            partition by lot_id order by publication_sequence
            rows between unbounded preceding and current row
        ) as closing_amount
    from summed_per_publication
),

with_both_balances as (
    select
        close_date,
        publication_no,
        lot_id,
        wallet_id,
        customer_id,
        currency,
        cast(closing_amount - change_amount as decimal(20, 4)) as opening_amount,
        cast(granted_amount as decimal(20, 4)) as granted_amount,
        cast(used_amount as decimal(20, 4)) as used_amount,
        cast(expired_amount as decimal(20, 4)) as expired_amount,
        cast(voided_amount as decimal(20, 4)) as voided_amount,
        cast(closing_amount as decimal(20, 4)) as closing_amount
    from carried_forward
)

select * from with_both_balances
