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
        sum(case when movements.movement_kind = 'voided' then movements.amount else 0 end) as voided_amount,
        max(movements.metric_code) as metric_code,
        sum(case when movements.movement_kind = 'granted' then movements.units else 0 end) as granted_units,
        sum(case when movements.movement_kind = 'returned' then movements.units else 0 end) as returned_units,
        sum(case when movements.movement_kind = 'used' then movements.units else 0 end) as used_units,
        sum(case when movements.movement_kind = 'expired' then movements.units else 0 end) as expired_units,
        sum(case when movements.movement_kind = 'voided' then movements.units else 0 end) as voided_units
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
        ) as closing_amount,
        granted_units + returned_units - used_units - expired_units - voided_units as change_units,
        sum(granted_units + returned_units - used_units - expired_units - voided_units) over (
            partition by lot_id
            order by publication_sequence
            rows between unbounded preceding and current row
        ) as closing_units
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
    cast(closing_amount as decimal(20, 4)) as closing_amount,
    metric_code,
    cast(case when metric_code is not null then closing_units - change_units end as decimal(38, 9)) as opening_units,
    cast(case when metric_code is not null then granted_units end as decimal(38, 9)) as granted_units,
    cast(case when metric_code is not null then returned_units end as decimal(38, 9)) as returned_units,
    cast(case when metric_code is not null then used_units end as decimal(38, 9)) as used_units,
    cast(case when metric_code is not null then expired_units end as decimal(38, 9)) as expired_units,
    cast(case when metric_code is not null then voided_units end as decimal(38, 9)) as voided_units,
    cast(case when metric_code is not null then closing_units end as decimal(38, 9)) as closing_units
from with_balance
