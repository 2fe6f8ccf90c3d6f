with

lots as (
    select
        movements.lot_id,
        movements.wallet_id,
        movements.customer_id,
        movements.lot_kind,
        movements.currency,
        coalesce(max(movements.credit_rate), 1) as credit_rate,
        sum(case when movements.movement_kind = 'granted' then movements.amount else 0 end) as granted_amount,
        sum(case when movements.movement_kind = 'returned' then movements.amount else 0 end) as returned_amount,
        sum(case when movements.movement_kind = 'used' then movements.amount else 0 end) as used_amount,
        sum(case when movements.movement_kind = 'expired' then movements.amount else 0 end) as expired_amount,
        sum(case when movements.movement_kind = 'voided' then movements.amount else 0 end) as voided_amount,
        sum(
            case when movements.movement_kind = 'granted' then coalesce(movements.credits, movements.amount) else 0 end
        ) as granted_credits,
        max(movements.metric_code) as metric_code,
        sum(case when movements.movement_kind = 'granted' then movements.units else 0 end) as granted_units,
        sum(case when movements.movement_kind = 'returned' then movements.units else 0 end) as returned_units,
        sum(case when movements.movement_kind = 'used' then movements.units else 0 end) as used_units,
        sum(case when movements.movement_kind = 'expired' then movements.units else 0 end) as expired_units,
        sum(case when movements.movement_kind = 'voided' then movements.units else 0 end) as voided_units
    from issued.credit_movements as movements
    inner join {publications} as publications on movements.publication_sequence = publications.publication_sequence
    group by movements.lot_id, movements.wallet_id, movements.customer_id, movements.lot_kind, movements.currency
),

with_balance as (
    select
        lots.*,
        granted_amount + returned_amount - used_amount - expired_amount - voided_amount as remaining_amount
    from lots
)

select
    lot_id,
    wallet_id,
    customer_id,
    lot_kind,
    currency,
    cast(granted_amount as decimal(20, 4)) as granted_amount,
    cast(returned_amount as decimal(20, 4)) as returned_amount,
    cast(used_amount as decimal(20, 4)) as used_amount,
    cast(expired_amount as decimal(20, 4)) as expired_amount,
    cast(voided_amount as decimal(20, 4)) as voided_amount,
    cast(remaining_amount as decimal(20, 4)) as remaining_amount,
    cast(case when metric_code is null then credit_rate end as decimal(20, 12)) as credit_rate,
    cast(granted_credits as decimal(38, 5)) as granted_credits,
    -- As the macro credits_of_amount says, by which lots pay: integers on both sides, at scale 4 and 12, so that the
    -- quotient at scale 5 lacks 13 zeros.
    cast(
        case
            when remaining_amount = granted_amount then granted_credits
            else
                cast(
                    cast(remaining_amount * 10000 as hugeint) * 10000000000000
                    // cast(cast(credit_rate as decimal(38, 12)) * 1000000000000 as hugeint) as decimal(38, 0)
                ) * 0.00001
        end as decimal(38, 5)
    ) as remaining_credits,
    metric_code,
    cast(case when metric_code is not null then granted_units end as decimal(38, 9)) as granted_units,
    cast(case when metric_code is not null then returned_units end as decimal(38, 9)) as returned_units,
    cast(case when metric_code is not null then used_units end as decimal(38, 9)) as used_units,
    cast(case when metric_code is not null then expired_units end as decimal(38, 9)) as expired_units,
    cast(case when metric_code is not null then voided_units end as decimal(38, 9)) as voided_units,
    cast(
        case
            when metric_code is not null
                then granted_units + returned_units - used_units - expired_units - voided_units
        end as decimal(38, 9)
    ) as remaining_units
from with_balance
