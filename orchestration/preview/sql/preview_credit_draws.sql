-- What the invoice would draw from each lot of money, and what would be left of the lot after all drafts of its date.
select
    draws.document_key,
    draws.lot_id,
    draws.wallet_id,
    draws.currency,
    sum(draws.amount) as used_amount,
    max(balances.closing_amount) as closing_amount
from settlement.fct_credit_movements as draws
inner join kept_documents on draws.document_key = kept_documents.document_key
inner join (
    select
        lot_id,
        sum(case when movement_kind in ('granted', 'returned') then amount else -amount end) as closing_amount
    from (
        select lot_id, movement_kind, amount from staging.stg_issued__credit_movements
        union all
        select lot_id, movement_kind, amount from settlement.fct_credit_movements
    ) as movements
    group by lot_id
) as balances
    on draws.lot_id = balances.lot_id
where draws.movement_kind = 'used' and draws.metric_code is null
group by draws.document_key, draws.lot_id, draws.wallet_id, draws.currency
order by draws.document_key, draws.lot_id
