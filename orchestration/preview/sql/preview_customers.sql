select
    customers.customer_id,
    customers.customer_name,
    customers.billing_entity_code,
    entities.entity_name as billing_entity_name,
    customers.country,
    coalesce(customers.timezone, entities.timezone) as timezone,
    customers.purchase_order
from catalog.customers as customers
inner join catalog.billing_entities as entities
    on
        customers.billing_entity_code = entities.billing_entity_code
        and customers.catalog_version = entities.catalog_version
inner join as_of on customers.catalog_version = as_of.catalog_version
order by customers.customer_id
