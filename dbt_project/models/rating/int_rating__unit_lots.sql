-- R-UNITS: the lots of units that can be drawn from on the close date, with what is left of each, and what periods that are
-- computed again give back, in the order of drawing: as lots of money are. Lots of one wallet and priority that hold something
-- and are not voided are one step of drawing.
-- Grain: one row per lot_id.

with

grants as (select * from {{ ref('int_rating__unit_grants') }}),

issued_lots as (
    select
        lot_id,
        max(metric_code) as metric_code,
        sum(case when movement_kind = 'granted' then units else 0 end) as granted_units,
        sum({{ signed_movement('movement_kind', 'units') }}) as balance_units
    from {{ ref('stg_issued__credit_movements') }}
    where units is not null
    group by lot_id
),

changes as (
    select lot_id, units
    from {{ ref('int_rating__reopened_draws') }}
    union all
    select lot_id, 0 - units as units
    from {{ ref('int_rating__kept_units') }}
),

returned as (
    select
        lot_id,
        sum(units) as units
    from changes
    group by lot_id
),

-- A grant that was published is a fact: it no longer follows the catalog.
balances as (
    select
        grants.lot_id,
        grants.wallet_id,
        grants.lot_kind,
        grants.customer_id,
        coalesce(issued_lots.metric_code, grants.metric_code) as metric_code,
        grants.wallet_priority,
        grants.wallet_row_number,
        grants.lot_priority,
        grants.row_number,
        grants.granted_on,
        grants.expires_at,
        grants.has_lapsed,
        grants.is_voided,
        issued_lots.lot_id is null as is_new,
        cast(coalesce(issued_lots.granted_units, grants.units) as decimal(38, 9)) as granted_units,
        cast(coalesce(issued_lots.balance_units, grants.units) + coalesce(returned.units, 0) as decimal(38, 9))
            as available_units
    from grants
    left join issued_lots on grants.lot_id = issued_lots.lot_id
    left join returned on grants.lot_id = returned.lot_id
),

lots as (
    select
        lot_id,
        wallet_id,
        lot_kind,
        customer_id,
        metric_code,
        granted_on,
        expires_at,
        has_lapsed,
        is_voided,
        is_new,
        granted_units,
        available_units,
        cast(
            row_number() over (
                partition by customer_id, metric_code
                order by
                    wallet_priority, wallet_row_number, lot_priority, expires_at nulls last, lot_kind, granted_on,
                    row_number
            ) as integer
        ) as drawing_rank,
        cast(
            case
                when available_units > 0 and not is_voided
                    then
                        dense_rank() over (
                            partition by customer_id, metric_code, available_units > 0, is_voided
                            order by wallet_priority, wallet_row_number, lot_priority
                        )
            end as integer
        ) as drawing_step
    from balances
)

select * from lots
