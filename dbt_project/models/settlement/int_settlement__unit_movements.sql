-- R-UNITS: what moves in lots of units in this close: grants, what invoices drew before their lines were rated, what periods that
-- are computed again give back, and what lapses or is voided. It is no money: the amount is 0, and units say how much.
-- Grain: one row per movement_key.

with

running as (select close_date from {{ ref('stg_control__run') }}),

unit_lots as (select * from {{ ref('fct_unit_lots') }}),

line_documents as (
    select line_key, document_key
    from {{ ref('fct_invoice_lines') }}
    where fee_type = 'charge'
),

draws as (
    select
        line_documents.document_key,
        unit_draws.lot_id,
        unit_draws.wallet_id,
        unit_draws.lot_kind,
        unit_draws.customer_id,
        unit_draws.metric_code,
        unit_draws.is_adjustment,
        min(unit_draws.draw_number) as draw_number,
        sum(unit_draws.units) as units
    from {{ ref('fct_unit_draws') }} as unit_draws
    left join line_documents on not unit_draws.is_adjustment and unit_draws.line_key = line_documents.line_key
    group by
        line_documents.document_key,
        unit_draws.lot_id,
        unit_draws.wallet_id,
        unit_draws.lot_kind,
        unit_draws.customer_id,
        unit_draws.metric_code,
        unit_draws.is_adjustment
    having sum(unit_draws.units) <> 0
),

movements as (
    select
        'granted/' || lot_id as movement_key,
        cast(null as varchar) as document_key,
        'granted' as movement_kind,
        wallet_id,
        lot_id,
        lot_kind,
        customer_id,
        granted_on as movement_date,
        cast(null as integer) as draw_number,
        metric_code,
        granted_units as units
    from unit_lots
    where is_new
    union all
    select
        'used/' || draws.document_key || '/' || draws.lot_id as movement_key,
        draws.document_key,
        'used' as movement_kind,
        draws.wallet_id,
        draws.lot_id,
        draws.lot_kind,
        draws.customer_id,
        running.close_date as movement_date,
        cast(row_number() over (partition by draws.document_key order by draws.draw_number, draws.lot_id) as integer)
            as draw_number,
        draws.metric_code,
        draws.units
    from draws
    cross join running
    where not draws.is_adjustment
    union all
    select
        'returned/' || cast(running.close_date as varchar) || '/' || draws.lot_id as movement_key,
        cast(null as varchar) as document_key,
        'returned' as movement_kind,
        draws.wallet_id,
        draws.lot_id,
        draws.lot_kind,
        draws.customer_id,
        running.close_date as movement_date,
        cast(null as integer) as draw_number,
        draws.metric_code,
        0 - draws.units as units
    from draws
    cross join running
    where draws.is_adjustment
    union all
    select
        case when unit_lots.is_voided then 'voided' else 'expired' end || '/' || cast(running.close_date as varchar)
        || '/' || unit_lots.lot_id as movement_key,
        cast(null as varchar) as document_key,
        case when unit_lots.is_voided then 'voided' else 'expired' end as movement_kind,
        unit_lots.wallet_id,
        unit_lots.lot_id,
        unit_lots.lot_kind,
        unit_lots.customer_id,
        running.close_date as movement_date,
        cast(null as integer) as draw_number,
        unit_lots.metric_code,
        unit_lots.left_units as units
    from unit_lots
    cross join running
    where unit_lots.has_lapsed and unit_lots.left_units > 0
)

select
    movement_key,
    document_key,
    movement_kind,
    wallet_id,
    lot_id,
    lot_kind,
    customer_id,
    cast(null as varchar) as currency,
    cast(0 as decimal(20, 4)) as amount,
    movement_date,
    draw_number,
    cast(null as varchar) as credit_note_document_key,
    cast(0 as decimal(38, 5)) as credits,
    cast(1 as decimal(20, 12)) as credit_rate,
    metric_code,
    cast(units as decimal(38, 9)) as units
from movements
