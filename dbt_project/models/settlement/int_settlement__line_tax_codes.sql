-- R-TAX: the taxes of the first level that states any, for each line that corrects no invoice.
-- Grain: one row per (document_key, line_number, tax_code).

with

line_levels as (
    select document_key, line_number, level_rank, level, code from {{ ref('int_settlement__line_tax_levels') }}
),

assigned_taxes as (select level, code, tax_code, tax_evidence from {{ ref('int_settlement__assigned_taxes') }}),

ranked as (
    select
        line_levels.document_key,
        line_levels.line_number,
        assigned_taxes.tax_code,
        assigned_taxes.tax_evidence,
        dense_rank() over (
            partition by line_levels.document_key, line_levels.line_number
            order by line_levels.level_rank
        ) as level_order
    from line_levels
    inner join assigned_taxes on line_levels.level = assigned_taxes.level and line_levels.code = assigned_taxes.code
),

first_level as (
    select
        document_key,
        line_number,
        tax_code,
        tax_evidence
    from ranked
    where level_order = 1
)

select * from first_level
