-- Customers as the last close that knew them did. Grain: one row per customer_id.
-- A customer who left the catalog stays: old invoices still name them.

with

publications as (select publication_sequence from issued.publications),

versions as (
    select
        customers.customer_id,
        customers.customer_name,
        customers.billing_entity_code,
        customers.billing_entity_name,
        customers.country,
        customers.timezone,
        customers.purchase_order,
        customers.metadata,
        row_number() over (
            partition by customers.customer_id order by customers.publication_sequence desc
        ) as recency
    from issued.customers
    inner join publications on customers.publication_sequence = publications.publication_sequence
),

latest as (
    select
        customer_id,
        customer_name,
        billing_entity_code,
        billing_entity_name,
        country,
        timezone,
        purchase_order,
        metadata
    from versions
    where recency = 1
)

select * from latest
