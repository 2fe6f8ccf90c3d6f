-- An entity whose number_index does not run 1, 2, 3 … over all its invoices.
-- Grain: one row per billing_entity_code.

with

numbers as (
    select
        billing_entity_code,
        min(number_index) as first_index,
        max(number_index) as last_index,
        count(distinct number_index) as numbers,
        count(*) as invoices
    from issued.invoices
    group by billing_entity_code
)

select * from numbers
where first_index <> 1 or last_index <> invoices or numbers <> invoices
