-- R-TAX: the taxes of the first level that states any, for each line that corrects no invoice, and the certificate that exempts
-- its payer of one, if any (R-TAX-US).
-- Grain: one row per (document_key, line_number, tax_code).

with

running as (select close_date from {{ ref('stg_control__run') }}),

line_levels as (
    select document_key, line_number, payer_customer_id, level_rank, level, code
    from {{ ref('int_settlement__line_tax_levels') }}
),

assigned_taxes as (select level, code, tax_code, tax_evidence from {{ ref('int_settlement__assigned_taxes') }}),

exemptions as (
    select
        exemptions.customer_id,
        exemptions.tax_code,
        min(exemptions.certificate) as certificate
    from {{ ref('stg_catalog__tax_exemptions') }} as exemptions
    inner join running
        on
            exemptions.valid_from <= running.close_date
            and (running.close_date < exemptions.valid_to or exemptions.valid_to is null)
    group by exemptions.customer_id, exemptions.tax_code
),

ranked as (
    select
        line_levels.document_key,
        line_levels.line_number,
        line_levels.payer_customer_id,
        assigned_taxes.tax_code,
        assigned_taxes.tax_evidence,
        dense_rank() over (
            partition by line_levels.document_key, line_levels.line_number
            order by line_levels.level_rank
        ) as level_order
    from line_levels
    inner join assigned_taxes on line_levels.level = assigned_taxes.level and line_levels.code = assigned_taxes.code
),

-- A certificate for one tax is named before one for all.
first_level as (
    select
        ranked.document_key,
        ranked.line_number,
        ranked.tax_code,
        ranked.tax_evidence,
        coalesce(of_one_tax.certificate, of_all_taxes.certificate) as certificate
    from ranked
    left join exemptions as of_one_tax
        on ranked.payer_customer_id = of_one_tax.customer_id and ranked.tax_code = of_one_tax.tax_code
    left join exemptions as of_all_taxes
        on ranked.payer_customer_id = of_all_taxes.customer_id and of_all_taxes.tax_code is null
    where ranked.level_order = 1
)

select * from first_level
