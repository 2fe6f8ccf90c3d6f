-- R-CATALOG: what is left of credit notes of before the company moved over, of the running catalog version.
-- Grain: one row per credit_note_number.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select catalog_version, credit_note_number, customer_id, currency, amount, issued_on
    from {{ source('catalog', 'opening_credit_notes') }}
),

known_to_the_run as (
    select
        'opening_note/' || catalog_rows.credit_note_number as document_key,
        catalog_rows.credit_note_number,
        catalog_rows.customer_id as payer_customer_id,
        catalog_rows.currency,
        catalog_rows.amount as credit_amount,
        catalog_rows.issued_on
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
