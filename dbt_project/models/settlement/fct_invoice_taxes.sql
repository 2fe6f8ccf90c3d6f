-- R-TAX: the tax rows of the invoices of this close.
-- Grain: one row per (document_key, tax_code, tax_rate).

with

taxes as (
    select
        document_key,
        tax_code,
        tax_name,
        tax_rate,
        taxable_amount,
        tax_amount_unrounded,
        tax_amount,
        currency,
        is_own_rate
    from {{ ref('int_settlement__taxes') }}
)

select * from taxes
