select
    top_ups.lot_id,
    publications.close_date,
    publications.publication_no,
    top_ups.invoice_number,
    top_ups.lot_kind,
    top_ups.wallet_id,
    top_ups.customer_id,
    top_ups.currency,
    top_ups.top_up_rule_id,
    top_ups.trigger_type,
    top_ups.method,
    top_ups.ongoing_balance_amount,
    top_ups.credit_rate,
    top_ups.credits,
    top_ups.amount
from issued.top_ups as top_ups
inner join {publications} as publications on top_ups.publication_sequence = publications.publication_sequence
