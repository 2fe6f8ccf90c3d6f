-- R-WALLET: a lot pays only its own customer's invoices, and one of money only in its own currency.
-- Grain: one row per draw that crosses.

select
    movements.movement_key,
    movements.customer_id,
    movements.currency,
    invoices.payer_customer_id,
    invoices.currency as invoice_currency
from {{ ref('fct_credit_movements') }} as movements
left join {{ ref('fct_invoices') }} as invoices on movements.document_key = invoices.document_key
where
    movements.movement_kind = 'used'
    and (
        invoices.document_key is null
        or movements.customer_id <> invoices.payer_customer_id
        or movements.currency <> invoices.currency
    )
