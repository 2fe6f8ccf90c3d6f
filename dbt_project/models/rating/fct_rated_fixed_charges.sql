-- R-FIXED-PRICE: what the units of a fixed charge row cost in a whole period, by the rules of its charge model. Not rounded here.
-- Grain: one row per fixed_charge_row_number.

with

fixed_charges as (
    select
        row_number,
        fixed_charge_code,
        add_on_code,
        charge_model,
        display_name,
        is_pay_in_advance,
        is_prorated,
        units,
        unit_amount
    from {{ ref('stg_catalog__fixed_charges') }}
),

tiers as (
    select
        row_number,
        fixed_charge_row_number,
        lag(up_to) over (
            partition by fixed_charge_row_number
            order by row_number
        ) as above,
        up_to,
        unit_amount,
        flat_amount
    from {{ ref('stg_catalog__fixed_charge_tiers') }}
),

-- Graduated units fill each tier up to its bound, which is inclusive; all units of a volume lie in the one tier that they end
-- in. The first tier is reached at 0 units already.
reached_tiers as (
    select
        tiers.row_number,
        tiers.fixed_charge_row_number,
        tiers.above,
        tiers.up_to,
        tiers.unit_amount,
        tiers.flat_amount,
        cast(
            case
                when fixed_charges.charge_model = 'volume' then fixed_charges.units
                else least(fixed_charges.units, coalesce(tiers.up_to, fixed_charges.units)) - coalesce(tiers.above, 0)
            end as decimal(24, 9)
        ) as tier_units
    from tiers
    inner join fixed_charges on tiers.fixed_charge_row_number = fixed_charges.row_number
    where
        (tiers.above is null or fixed_charges.units > tiers.above)
        and (fixed_charges.charge_model = 'graduated' or tiers.up_to is null or fixed_charges.units <= tiers.up_to)
),

priced_tiers as (
    select
        reached_tiers.*,
        cast(tier_units * unit_amount + flat_amount as decimal(38, 21)) as tier_amount
    from reached_tiers
),

tiered as (
    select
        fixed_charge_row_number,
        cast(sum(tier_amount) as decimal(38, 21)) as amount,
        {{ join_texts(
            "'{\"from\":\"' || coalesce(" ~ decimal_text('above') ~ ", '0') || '\",\"up_to\":' || coalesce('\"' || "
            ~ decimal_text('up_to') ~ " || '\"', 'null') || ',\"units\":\"' || " ~ decimal_text('tier_units')
            ~ " || '\",\"unit_amount\":\"' || " ~ decimal_text('unit_amount') ~ " || '\",\"flat_amount\":\"' || "
            ~ decimal_text('flat_amount') ~ " || '\",\"amount\":\"' || " ~ decimal_text('tier_amount') ~ " || '\"}'",
            "','",
            'row_number'
        ) }} as details
    from priced_tiers
    group by fixed_charge_row_number
),

rated as (
    select
        fixed_charges.row_number as fixed_charge_row_number,
        fixed_charges.fixed_charge_code,
        fixed_charges.add_on_code,
        fixed_charges.display_name,
        fixed_charges.is_pay_in_advance,
        fixed_charges.is_prorated,
        fixed_charges.units,
        {{ value_or_error(
            "case when fixed_charges.charge_model = 'standard' "
            ~ "then cast(fixed_charges.units * fixed_charges.unit_amount as decimal(38, 21)) else tiered.amount end",
            "'No amount for fixed charge ' || fixed_charges.fixed_charge_code || ': its price is missing.'",
            'decimal(38, 21)'
        ) }} as full_amount_unrounded,
        '{"model":"fixed_charge","charge_model":"' || fixed_charges.charge_model || '"' || case
            when fixed_charges.charge_model = 'standard'
                then ',"unit_amount":"' || {{ decimal_text('fixed_charges.unit_amount') }} || '"'
            else ',"tiers":[' || tiered.details || ']'
        end as details
    from fixed_charges
    left join tiered on fixed_charges.row_number = tiered.fixed_charge_row_number
)

select * from rated
