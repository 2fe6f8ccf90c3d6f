-- Which lots of units would pay what of which line, and what would be left of each after all drafts of its date.
select
    lines.document_key,
    lines.line_number,
    draws.lot_id,
    draws.wallet_id,
    draws.metric_code,
    draws.units,
    balances.closing_units
from rating.fct_unit_draws as draws
inner join settlement.fct_settled_lines as lines on draws.line_key = lines.line_key
inner join kept_documents on lines.document_key = kept_documents.document_key
inner join (
    select
        lot_id,
        sum(case when movement_kind in ('granted', 'returned') then units else -units end) as closing_units
    from (
        select lot_id, movement_kind, units from staging.stg_issued__credit_movements
        union all
        select lot_id, movement_kind, units from settlement.fct_credit_movements
    ) as movements
    group by lot_id
) as balances
    on draws.lot_id = balances.lot_id
where not draws.is_adjustment
order by lines.document_key, lines.line_number, draws.lot_id
