-- R-CATALOG: the payments that the running catalog version knows, by the invoice that they pay.
-- Grain: one row per payment_id.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

payments as (
    select catalog_version, payment_id, invoice_number, amount, paid_on
    from {{ source('catalog', 'payments') }}
),

of_the_version as (
    select payments.payment_id, payments.invoice_number, payments.amount, payments.paid_on
    from payments
    inner join running on payments.catalog_version = running.catalog_version
)

select * from of_the_version
