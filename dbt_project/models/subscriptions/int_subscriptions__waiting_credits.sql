-- R-MANUAL-CREDIT: the manual credits that no earlier close issued and whose invoice one has. The line issued for a credit is
-- what registers it. What a top-up invoice sold is no fee.
-- Grain: one row per manual_credit_id.

with

manual_credits as (
    select
        row_number,
        manual_credit_id,
        invoice_number,
        line_number,
        amount,
        credited_on,
        handling,
        reason,
        author
    from {{ ref('stg_catalog__manual_credits') }}
),

invoices as (
    select invoice_number
    from {{ ref('stg_issued__invoices') }}
    where invoice_type <> 'top_up'
),

issued_credits as (
    select distinct {{ json_text('price_details', "'manual_credit_id'") }} as manual_credit_id
    from {{ ref('stg_issued__credit_note_lines') }}
    where cause = 'manual'
),

waiting as (
    select manual_credits.*
    from manual_credits
    inner join invoices on manual_credits.invoice_number = invoices.invoice_number
    left join issued_credits on manual_credits.manual_credit_id = issued_credits.manual_credit_id
    where issued_credits.manual_credit_id is null
)

select * from waiting
