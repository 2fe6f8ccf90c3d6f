-- R-NOTE: a note's tax by code and rate; what the rounded whole holds beyond whole units goes to the largest remainders.
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
        currency,
        minor_unit
    from {{ ref('int_settlement__credit_note_line_taxes') }}
),

credit_notes as (select document_key, tax_amount from {{ ref('int_settlement__credit_note_totals') }}),

taxes_by_code as (
    select
        line_taxes.document_key,
        line_taxes.tax_code,
        line_taxes.tax_name,
        line_taxes.tax_rate,
        line_taxes.currency,
        line_taxes.minor_unit,
        credit_notes.tax_amount as note_tax_amount,
        cast(sum(line_taxes.taxable_amount) as decimal(20, 4)) as taxable_amount,
        cast(sum(line_taxes.tax_amount_unrounded) as decimal(38, 21)) as tax_amount_unrounded
    from line_taxes
    inner join credit_notes on line_taxes.document_key = credit_notes.document_key
    group by
        line_taxes.document_key,
        line_taxes.tax_code,
        line_taxes.tax_name,
        line_taxes.tax_rate,
        line_taxes.currency,
        line_taxes.minor_unit,
        credit_notes.tax_amount
),

in_minor_units as (
    select
        taxes_by_code.*,
        {{ whole_minor_units('tax_amount_unrounded', 'minor_unit') }} as whole_units,
        {{ whole_minor_units('note_tax_amount', 'minor_unit') }} as note_units,
        {{ minor_unit_size('minor_unit') }} as unit_size
    from taxes_by_code
),

ranked_by_remainder as (
    select
        in_minor_units.*,
        row_number() over (
            partition by document_key
            order by tax_amount_unrounded - whole_units * unit_size desc, tax_code, tax_rate
        ) as remainder_rank,
        count(*) over (partition by document_key) as row_count,
        cast(note_units - sum(whole_units) over (partition by document_key) as bigint) as odd_units
    from in_minor_units
),

-- The note that takes what is left of its invoice's tax may hold a unit less, or some more, than its rows do.
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
                whole_units + {{ floored_quotient('odd_units', 'row_count') }} + case
                    when remainder_rank <= odd_units - row_count * {{ floored_quotient('odd_units', 'row_count') }}
                        then 1
                    else 0
                end
            ) * unit_size as decimal(20, 4)
        ) as tax_amount,
        currency
    from ranked_by_remainder
)

select * from allotted
