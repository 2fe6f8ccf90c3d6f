-- R-TAX: the taxes of the invoices that earlier closes issued, in publications that are visible.
-- Releases before knew one rate of a code on an invoice.
-- Grain: one row per (invoice_number, tax_code, tax_rate).

with

running as (select close_sequence from {{ ref('stg_control__run') }}),

publications as (select publication_sequence, close_sequence from {{ source('issued', 'publications') }}),

invoice_taxes as (
    select
        publication_sequence,
        invoice_number,
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
    inner join running on publications.close_sequence < coalesce(running.close_sequence, 2147483647)
)

select * from visible_before_the_run
