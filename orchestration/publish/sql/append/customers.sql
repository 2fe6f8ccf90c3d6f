-- Customers as the close knew them, where that is new: a row per customer and publication would repeat the catalog daily.
-- Grain: one row per customer_id.

with

publishing as (select catalog_version from temp.publishing),

entities as (
    select billing_entities.billing_entity_code, billing_entities.entity_name, billing_entities.timezone
    from catalog.billing_entities
    inner join publishing on billing_entities.catalog_version = publishing.catalog_version
),

known as (
    select
        customers.customer_id,
        customers.customer_name,
        customers.billing_entity_code,
        entities.entity_name as billing_entity_name,
        customers.country,
        coalesce(customers.timezone, entities.timezone) as timezone,
        customers.purchase_order,
        customers.metadata
    from catalog.customers
    inner join publishing on customers.catalog_version = publishing.catalog_version
    left join entities on customers.billing_entity_code = entities.billing_entity_code
),

published as (
    select
        customer_id,
        customer_name,
        billing_entity_code,
        billing_entity_name,
        country,
        timezone,
        purchase_order,
        metadata
    from finance.customers
),

new_or_changed as (
    select * from known
    except
    select * from published
)

select * from new_or_changed
