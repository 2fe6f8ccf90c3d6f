select
    publications.close_date,
    publications.publication_no,
    unit_draws.line_key,
    invoice_lines.invoice_number,
    invoice_lines.line_number,
    unit_draws.lot_id,
    unit_draws.wallet_id,
    unit_draws.lot_kind,
    unit_draws.customer_id,
    unit_draws.subscription_id,
    unit_draws.charge_code,
    unit_draws.filter_code,
    unit_draws.group_key,
    unit_draws.metric_code,
    unit_draws.service_period_start,
    unit_draws.units
from issued.unit_draws as unit_draws
inner join {publications} as publications on unit_draws.publication_sequence = publications.publication_sequence
left join issued.invoice_lines as invoice_lines
    on
        not unit_draws.is_adjustment
        and unit_draws.publication_sequence = invoice_lines.publication_sequence
        and unit_draws.line_key = invoice_lines.line_key
