-- R-TAX-EU: what the last check by the close date said of the VAT id that a customer has now; the id begins with its state, which
-- is EL for Greece. A check of another id says nothing of it.
-- Grain: one row per customer_id.

with

running as (select close_date from {{ ref('stg_control__run') }}),

customers as (
    select customer_id, vat_id from {{ ref('stg_catalog__customers') }}
    where vat_id is not null
),

tax_checks as (
    select customer_id, vat_id, checked_on, is_valid, source from {{ ref('stg_catalog__tax_checks') }}
),

known_checks as (
    select
        tax_checks.*,
        row_number() over (
            partition by tax_checks.customer_id, tax_checks.vat_id
            order by tax_checks.checked_on desc
        ) as check_rank
    from tax_checks
    inner join running on tax_checks.checked_on <= running.close_date
),

checked as (
    select
        customers.customer_id,
        customers.vat_id,
        case
            when substr(customers.vat_id, 1, 2) = 'EL' then 'GR'
            else substr(customers.vat_id, 1, 2)
        end as vat_id_state,
        coalesce(known_checks.is_valid, false) as is_valid,
        case
            when known_checks.is_valid is null then customers.vat_id || ' not checked'
            else
                customers.vat_id || case when known_checks.is_valid then ' valid on ' else ' not valid on ' end
                || cast(known_checks.checked_on as varchar) || ' by ' || known_checks.source
        end as check_text
    from customers
    left join known_checks
        on
            customers.customer_id = known_checks.customer_id
            and customers.vat_id = known_checks.vat_id
            and known_checks.check_rank = 1
)

select * from checked
