-- R-TIER: a tier begins above the bound before it; beside it stands what the full tiers below it cost. Not rounded here.
-- So a quantity needs the one tier that it ends in, whatever the number of tiers.
-- Grain: one row per tier_row_number (charge row x filter x tier).

with

charge_tiers as (
    select row_number, charge_row_number, filter_code, up_to, unit_amount, rate, flat_amount
    from {{ ref('stg_catalog__charge_tiers') }}
),

charges as (select row_number, charge_model from {{ ref('stg_catalog__charges') }}),

tiers as (
    select
        charge_tiers.row_number,
        charge_tiers.charge_row_number,
        charge_tiers.filter_code,
        charges.charge_model,
        charge_tiers.up_to,
        lag(charge_tiers.up_to) over (
            partition by charge_tiers.charge_row_number, charge_tiers.filter_code
            order by charge_tiers.row_number
        ) as above,
        cast(
            case
                when charges.charge_model = 'graduated_percentage'
                    then {{ percent_price('charge_tiers.rate') }}
                else charge_tiers.unit_amount
            end as decimal(20, 12)
        ) as unit_amount,
        charge_tiers.flat_amount
    from charge_tiers
    inner join charges on charge_tiers.charge_row_number = charges.row_number
),

priced_tiers as (
    select
        row_number,
        charge_row_number,
        filter_code,
        charge_model,
        above,
        up_to,
        unit_amount,
        flat_amount,
        {{ null_on_overflow('cast((up_to - coalesce(above, 0)) as decimal(38, 9)) * unit_amount') }} as full_amount,
        '{"from":"' || coalesce({{ decimal_text('above') }}, '0') || '","up_to":'
        || coalesce('"' || {{ decimal_text('up_to') }} || '"', 'null') || ',"units":"' as details_before_units,
        '","unit_amount":"' || {{ decimal_text('unit_amount') }}
        || '","flat_amount":"' || {{ decimal_text('flat_amount') }} || '","amount":"' as details_before_amount
    from tiers
),

full_tiers as (
    select
        row_number,
        charge_row_number,
        filter_code,
        full_amount,
        flat_amount,
        details_before_units || {{ decimal_text('up_to - coalesce(above, 0)') }}
        || details_before_amount || {{ decimal_text('full_amount + flat_amount') }} || '"},' as details
    from priced_tiers
),

-- One tier below without a price leaves no sum: a missing price is never 0.
summed_below as (
    select
        priced_tiers.row_number,
        case
            when count(full_tiers.row_number) = count(full_tiers.full_amount)
                then cast(coalesce(sum(full_tiers.full_amount), 0) as decimal(38, 21))
        end as amount_below,
        cast(coalesce(sum(full_tiers.flat_amount), 0) as decimal(38, 21)) as flat_below,
        coalesce({{ join_texts('full_tiers.details', "''", 'full_tiers.row_number') }}, '') as details_below
    from priced_tiers
    left join full_tiers
        on
            priced_tiers.charge_row_number = full_tiers.charge_row_number
            and priced_tiers.filter_code is not distinct from full_tiers.filter_code
            and priced_tiers.row_number > full_tiers.row_number
    group by priced_tiers.row_number
),

bounded as (
    select
        priced_tiers.row_number as tier_row_number,
        priced_tiers.charge_row_number,
        priced_tiers.filter_code,
        priced_tiers.charge_model,
        priced_tiers.above,
        priced_tiers.up_to,
        priced_tiers.unit_amount,
        priced_tiers.flat_amount,
        summed_below.amount_below,
        cast(summed_below.flat_below + priced_tiers.flat_amount as decimal(38, 21)) as flat_through,
        summed_below.details_below,
        priced_tiers.details_before_units,
        priced_tiers.details_before_amount
    from priced_tiers
    inner join summed_below on priced_tiers.row_number = summed_below.row_number
)

select * from bounded
