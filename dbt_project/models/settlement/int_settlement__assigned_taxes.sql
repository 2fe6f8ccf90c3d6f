-- R-TAX: which taxes are stated where: on single fees, charges, add-ons, plans and their commitments, customers and entities.
-- Grain: one row per (level, code, tax_code).

with

assigned_taxes as (select level, code, tax_code from {{ ref('stg_catalog__assigned_taxes') }}),

customer_taxes as (select customer_id, tax_code from {{ ref('stg_catalog__customer_taxes') }}),

assigned as (
    select
        level,
        code,
        tax_code,
        level as tax_evidence
    from assigned_taxes
    union all
    select
        'customer' as level,
        customer_id as code,
        tax_code,
        'customer' as tax_evidence
    from customer_taxes
)

select * from assigned
