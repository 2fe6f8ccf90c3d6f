select
    wallet_draws.invoice_number,
    wallet_draws.lot_id,
    wallet_draws.wallet_id,
    wallet_draws.bucket_number,
    wallet_draws.scope_fee_type,
    wallet_draws.metric_code,
    wallet_draws.service_period_start,
    publications.close_date,
    publications.publication_no,
    wallet_draws.currency,
    wallet_draws.amount
from issued.wallet_draws as wallet_draws
inner join {publications} as publications on wallet_draws.publication_sequence = publications.publication_sequence
