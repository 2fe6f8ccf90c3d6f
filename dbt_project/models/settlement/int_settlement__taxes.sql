-- R-TAX: an invoice's tax is rounded once, over all codes; its rows per code and rate are allotted by largest remainder.
-- Grain: one row per (document_key, tax_code, tax_rate).

with

line_taxes as (
    select
        document_key,
        tax_code,
        tax_name,
        tax_rate,
        taxable_amount,
        tax_amount_unrounded,
        is_own_rate,
        currency,
        minor_unit
    from {{ ref('int_settlement__line_taxes') }}
),

taxes_by_code as (
    select
        document_key,
        tax_code,
        tax_name,
        tax_rate,
        currency,
        minor_unit,
        cast(sum(taxable_amount) as decimal(20, 4)) as taxable_amount,
        -- Eleven decimals hold any amount x rate; where coupons left thirds and their like, they heal what those lost.
        cast(cast(sum(tax_amount_unrounded) as decimal(38, 11)) as decimal(38, 21)) as tax_amount_unrounded,
        bool_or(is_own_rate) as is_own_rate
    from line_taxes
    group by document_key, tax_code, tax_name, tax_rate, currency, minor_unit
),

in_minor_units as (
    select
        taxes_by_code.*,
        {{ whole_minor_units('tax_amount_unrounded', 'minor_unit') }} as whole_units,
        {{ minor_unit_size('minor_unit') }} as unit_size
    from taxes_by_code
),

-- What the rounded whole holds beyond the rows' whole units goes, a unit each, to the largest remainders.
ranked_by_remainder as (
    select
        in_minor_units.*,
        row_number() over (
            partition by document_key
            order by tax_amount_unrounded - whole_units * unit_size desc, tax_code, tax_rate
        ) as remainder_rank,
        sum(whole_units) over (partition by document_key) as document_whole_units,
        {{ round_to_minor_unit(
            'sum(tax_amount_unrounded) over (partition by document_key)', 'minor_unit'
        ) }} as document_tax_amount
    from in_minor_units
),

allotted as (
    select
        document_key,
        tax_code,
        tax_name,
        tax_rate,
        taxable_amount,
        tax_amount_unrounded,
        cast(
            (
                whole_units + case
                    when remainder_rank * unit_size <= document_tax_amount - document_whole_units * unit_size then 1
                    else 0
                end
            ) * unit_size as decimal(20, 4)
        ) as tax_amount,
        currency,
        is_own_rate
    from ranked_by_remainder
)

select * from allotted
