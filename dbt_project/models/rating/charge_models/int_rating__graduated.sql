-- R-GRADUATED: each unit costs the rate of the tier it falls in; a tier that is reached adds its flat amount. Not rounded here.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at).

with

quantities as (
    select subscription_id, charge_code, filter_code, group_key, period_starts_at, charge_row_number, quantity
    from {{ ref('fct_usage_quantities') }}
    where charge_model = 'graduated'
),

charges as (
    select row_number, plan_code, charge_code, valid_from, recorded_at from {{ ref('stg_catalog__charges') }}
),

charge_tiers as (
    select row_number, plan_code, charge_code, valid_from, recorded_at, up_to, unit_amount, flat_amount
    from {{ ref('stg_catalog__charge_tiers') }}
),

tiers_from_the_previous as (
    select
        charges.row_number as charge_row_number,
        charge_tiers.row_number as tier_row_number,
        charge_tiers.unit_amount,
        coalesce(charge_tiers.flat_amount, 0) as flat_amount,
        charge_tiers.up_to,
        lag(charge_tiers.up_to) over (
            partition by charges.row_number
            order by charge_tiers.row_number
        ) as above
    from charges
    inner join charge_tiers
        on
            charges.plan_code = charge_tiers.plan_code
            and charges.charge_code = charge_tiers.charge_code
            and charges.valid_from = charge_tiers.valid_from
            and charges.recorded_at = charge_tiers.recorded_at
),

-- The first tier is reached at quantity 0 already; a later one only above its predecessor's bound, which is inclusive.
usage_split_by_tier as (
    select
        quantities.subscription_id,
        quantities.charge_code,
        quantities.filter_code,
        quantities.group_key,
        quantities.period_starts_at,
        tiers.tier_row_number,
        coalesce(tiers.above, 0) as above,
        tiers.up_to,
        tiers.unit_amount,
        tiers.flat_amount,
        cast(
            least(greatest(quantities.quantity, 0), coalesce(tiers.up_to, greatest(quantities.quantity, 0)))
            - coalesce(tiers.above, 0) as decimal(38, 9)
        ) as units
    from quantities
    inner join tiers_from_the_previous as tiers
        on
            quantities.charge_row_number = tiers.charge_row_number
            and (tiers.above is null or quantities.quantity > tiers.above)
),

priced_tiers as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        tier_row_number,
        cast(units * unit_amount as decimal(38, 21)) + cast(flat_amount as decimal(38, 21)) as amount_unrounded,
        '{"from":"' || {{ decimal_text('above') }} || '","up_to":'
        || coalesce('"' || {{ decimal_text('up_to') }} || '"', 'null')
        || ',"units":"' || {{ decimal_text('units') }}
        || '","unit_amount":"' || {{ decimal_text('unit_amount') }}
        || '","flat_amount":"' || {{ decimal_text('flat_amount') }}
        || '","amount":"' || {{ decimal_text('cast(units * unit_amount as decimal(38, 21)) + flat_amount') }}
        || '"}' as tier_details
    from usage_split_by_tier
),

priced as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        cast(sum(amount_unrounded) as decimal(38, 21)) as amount_unrounded,
        '{"model":"graduated","tiers":[' || {{ join_texts('tier_details', "','", 'tier_row_number') }}
        || ']}' as price_details
    from priced_tiers
    group by subscription_id, charge_code, filter_code, group_key, period_starts_at
)

select * from priced
