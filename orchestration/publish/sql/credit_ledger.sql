with

movements_of_publications as (
    select
        publications.publication_sequence,
        publications.close_date,
        publications.publication_no,
        movements.lot_id,
        movements.wallet_id,
        movements.customer_id,
        movements.currency,
        sum(case when movements.movement_kind = 'granted' then movements.amount else 0 end) as granted_amount,
        sum(case when movements.movement_kind = 'returned' then movements.amount else 0 end) as returned_amount,
        sum(case when movements.movement_kind = 'used' then movements.amount else 0 end) as used_amount,
        sum(case when movements.movement_kind = 'expired' then movements.amount else 0 end) as expired_amount,
        sum(case when movements.movement_kind = 'voided' then movements.amount else 0 end) as voided_amount
    from issued.credit_movements as movements
    inner join {publications} as publications on movements.publication_sequence = publications.publication_sequence
    group by
        publications.publication_sequence,
        publications.close_date,
        publications.publication_no,
        movements.lot_id,
        movements.wallet_id,
        movements.customer_id,
        movements.currency
),

with_balance as (
    select
        movements_of_publications.*,
        granted_amount + returned_amount - used_amount - expired_amount - voided_amount as change_amount,
        sum(granted_amount + returned_amount - used_amount - expired_amount - voided_amount) over (
            partition by lot_id
            order by publication_sequence
            rows between unbounded preceding and current row
        ) as closing_amount
    from movements_of_publications
)

select
    close_date,
    publication_no,
    lot_id,
    wallet_id,
    customer_id,
    currency,
    cast(closing_amount - change_amount as decimal(20, 4)) as opening_amount,
    cast(granted_amount as decimal(20, 4)) as granted_amount,
    cast(returned_amount as decimal(20, 4)) as returned_amount,
    cast(used_amount as decimal(20, 4)) as used_amount,
    cast(expired_amount as decimal(20, 4)) as expired_amount,
    cast(voided_amount as decimal(20, 4)) as voided_amount,
    cast(closing_amount as decimal(20, 4)) as closing_amount
from with_balance
