-- R-TAX: which taxes are stated where: on single fees, charges, add-ons, plans and their commitments, customers and entities. Who
-- has none stated bears what its entity leaves to the customer's place.
-- Grain: one row per (level, code, tax_code).

with

assigned_taxes as (select level, code, tax_code from {{ ref('stg_catalog__assigned_taxes') }}),

customer_taxes as (select customer_id, tax_code from {{ ref('stg_catalog__customer_taxes') }}),

automatic_taxes as (
    select customer_id, tax_code, tax_evidence from {{ ref('int_settlement__eu_vat') }}
    union all
    select customer_id, tax_code, tax_evidence from {{ ref('int_settlement__us_sales_taxes') }}
),

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
    union all
    select
        'customer' as level,
        automatic_taxes.customer_id as code,
        automatic_taxes.tax_code,
        automatic_taxes.tax_evidence
    from automatic_taxes
    left join customer_taxes on automatic_taxes.customer_id = customer_taxes.customer_id
    where customer_taxes.customer_id is null
)

select * from assigned
