-- R-MANUAL-CREDIT: what somebody decided to credit, of the running catalog version.
-- Grain: one row per manual_credit_id.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select
        catalog_version,
        row_number,
        manual_credit_id,
        invoice_number,
        line_number,
        amount,
        credited_on,
        handling,
        reason,
        author
    from {{ source('catalog', 'manual_credits') }}
),

known_to_the_run as (
    select
        catalog_rows.row_number,
        catalog_rows.manual_credit_id,
        catalog_rows.invoice_number,
        catalog_rows.line_number,
        catalog_rows.amount,
        catalog_rows.credited_on,
        catalog_rows.handling,
        catalog_rows.reason,
        catalog_rows.author
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
