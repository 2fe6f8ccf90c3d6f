-- R-UNITS: which units the lots of earlier closes paid of each fee, in publications that are visible.
-- Grain: one row per (publication_sequence, line_key, lot_id).

with

publications as (select publication_sequence from {{ ref('stg_issued__publications') }}),

unit_draws as (
    select
        publication_sequence,
        line_key,
        lot_id,
        wallet_id,
        lot_kind,
        customer_id,
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        metric_code,
        service_period_start,
        draw_number,
        units
    from {{ source('issued', 'unit_draws') }}
),

visible_before_the_run as (
    select
        unit_draws.publication_sequence,
        unit_draws.line_key,
        unit_draws.lot_id,
        unit_draws.wallet_id,
        unit_draws.lot_kind,
        unit_draws.customer_id,
        unit_draws.subscription_id,
        unit_draws.charge_code,
        unit_draws.filter_code,
        unit_draws.group_key,
        unit_draws.metric_code,
        unit_draws.service_period_start,
        unit_draws.draw_number,
        unit_draws.units
    from unit_draws
    inner join publications on unit_draws.publication_sequence = publications.publication_sequence
)

select * from visible_before_the_run
