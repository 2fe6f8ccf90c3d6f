-- R-ADVANCE: no fee is on two invoices: what an earlier close issued, this one does not.
-- Grain: one row per line that was issued before.

select
    invoice_lines.line_key,
    invoice_lines.subscription_id,
    invoice_lines.charge_code,
    invoice_lines.event_id
from {{ ref('fct_invoice_lines') }} as invoice_lines
inner join {{ ref('stg_issued__invoice_lines') }} as issued on invoice_lines.line_key = issued.line_key
