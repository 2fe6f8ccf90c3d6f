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
-- The last publication that knew each: who has left the catalog is still named on old invoices.
inner join (
    select known.customer_id, max(known.publication_sequence) as publication_sequence
    from issued.customers as known
    inner join {publications} as publications on known.publication_sequence = publications.publication_sequence
    group by known.customer_id
) as latest
    on customers.customer_id = latest.customer_id
    and customers.publication_sequence = latest.publication_sequence
