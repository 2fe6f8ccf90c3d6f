-- R-TAX-EU: where a customer is for taxes that its entity leaves to the place: its country, and the special territory that its
-- zip code lies in, if any; the longest beginning of a zip code tells.
-- Grain: one row per customer_id.

with

customers as (
    select
        customer_id,
        billing_entity_code,
        upper(country) as country,
        replace(zipcode, ' ', '') as zipcode,
        state,
        county,
        city
    from {{ ref('stg_catalog__customers') }}
),

billing_entities as (
    select
        billing_entity_code,
        automatic_tax,
        upper(country) as entity_country
    from {{ ref('stg_catalog__billing_entities') }}
    where automatic_tax <> 'none'
),

territories as (
    select country, zipcode_prefix, territory_name, tax_code from {{ ref('stg_reference__eu_vat_territories') }}
),

placed as (
    select
        customers.customer_id,
        billing_entities.automatic_tax,
        billing_entities.entity_country,
        customers.country,
        customers.zipcode,
        customers.state,
        customers.county,
        customers.city,
        territories.territory_name,
        territories.tax_code as territory_tax_code,
        row_number() over (
            partition by customers.customer_id
            order by length(territories.zipcode_prefix) desc nulls last
        ) as territory_rank
    from customers
    inner join billing_entities on customers.billing_entity_code = billing_entities.billing_entity_code
    left join territories
        on customers.country = territories.country and customers.zipcode like territories.zipcode_prefix || '%'
),

taxed_places as (
    select
        customer_id,
        automatic_tax,
        entity_country,
        country,
        zipcode,
        state,
        county,
        city,
        territory_name,
        territory_tax_code
    from placed
    where territory_rank = 1
)

select * from taxed_places
