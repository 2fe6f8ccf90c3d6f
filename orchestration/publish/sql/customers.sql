select
    customers.customer_id,
    customers.customer_name,
    customers.billing_entity_code,
    customers.billing_entity_name,
    customers.country,
    customers.timezone,
    customers.purchase_order,
    customers.metadata
from issued.customers as customers
where
    customers.publication_sequence = (
        select max(publications.publication_sequence) from {publications} as publications
    )
