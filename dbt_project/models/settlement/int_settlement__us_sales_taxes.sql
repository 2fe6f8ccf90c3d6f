-- R-TAX-US: the sales taxes of each customer of an entity with US sales tax: of its state, county and city together, as the rows
-- in force on the close date name them. A row without county or city is for all of them.
-- Grain: one row per (customer_id, tax_code).

with

running as (select close_date from {{ ref('stg_control__run') }}),

places as (
    select customer_id, state, county, city
    from {{ ref('int_settlement__taxed_places') }}
    where automatic_tax = 'us_sales_tax' and (country = 'US' or country is null)
),

sales_taxes as (
    select state, county, city, tax_code, valid_from, valid_to from {{ ref('stg_catalog__us_sales_taxes') }}
),

taxed as (
    select distinct
        places.customer_id,
        sales_taxes.tax_code,
        'customer: us_sales_tax, ' || concat_ws(', ', places.state, places.county, places.city) as tax_evidence
    from places
    inner join sales_taxes
        on
            lower(places.state) = lower(sales_taxes.state)
            and (sales_taxes.county is null or lower(places.county) = lower(sales_taxes.county))
            and (sales_taxes.city is null or lower(places.city) = lower(sales_taxes.city))
    inner join running
        on
            sales_taxes.valid_from <= running.close_date
            and (running.close_date < sales_taxes.valid_to or sales_taxes.valid_to is null)
)

select * from taxed
