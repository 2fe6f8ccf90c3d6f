-- R-TAX: the taxes of the invoices that earlier closes issued, in publications that are visible.
-- Releases before knew one rate of a code on an invoice.
-- Grain: one row per (invoice_number, tax_code, tax_rate).

with

publications as (select publication_sequence from {{ ref('stg_issued__publications') }}),

invoice_taxes as (
    select
        publication_sequence,
        coalesce(invoice_number, document_key) as invoice_number,
        tax_code,
        tax_name,
        tax_rate,
        coalesce(is_own_rate, true) as is_own_rate
    from {{ source('issued', 'invoice_taxes') }}
),

visible_before_the_run as (
    select
        invoice_taxes.invoice_number,
        invoice_taxes.tax_code,
        invoice_taxes.tax_name,
        invoice_taxes.tax_rate,
        invoice_taxes.is_own_rate
    from invoice_taxes
    inner join publications on invoice_taxes.publication_sequence = publications.publication_sequence
)

select * from visible_before_the_run
