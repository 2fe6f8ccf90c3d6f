-- The drafts with number and dates: numbers go on from those already visible, in order of document_key.
-- Grain: one row per document_key.

with

publishing as (select publication_sequence, close_date from temp.publishing),

last_numbers as (
    select invoices.billing_entity_code, max(invoices.number_index) as number_index
    from issued.invoices
    inner join issued.publications on invoices.publication_sequence = publications.publication_sequence
    group by invoices.billing_entity_code
),

drafts as (
    select
        fct_invoices.*,
        row_number() over (
            partition by fct_invoices.billing_entity_code order by fct_invoices.document_key
        ) as position
    from settlement.fct_invoices
),

numbered as (
    select
        drafts.*,
        cast(coalesce(last_numbers.number_index, 0) + drafts.position as integer) as number_index
    from drafts
    left join last_numbers on drafts.billing_entity_code = last_numbers.billing_entity_code
),

dated as (
    select
        numbered.*,
        -- Padded to six digits, never cut: the millionth invoice has seven.
        numbered.invoice_prefix || '-' || printf('%06d', numbered.number_index) as invoice_number,
        publishing.close_date as issue_date,
        publishing.close_date + numbered.net_payment_days as due_date
    from numbered
    cross join publishing
)

select * from dated
