select
    publications.close_date,
    publications.publication_no,
    adjustments.subscription_id,
    adjustments.fee_family,
    adjustments.period_starts_at,
    adjustments.compared_key,
    adjustments.customer_id,
    adjustments.currency,
    adjustments.cause,
    adjustments.fee_type,
    adjustments.charge_code,
    adjustments.filter_code,
    adjustments.group_key,
    adjustments.service_period_start,
    adjustments.service_period_end,
    adjustments.computed_amount,
    adjustments.issued_amount,
    adjustments.difference_amount,
    adjustments.original_invoice_number,
    adjustments.net_amount,
    adjustments.handling,
    adjustments.left_out_amount,
    not exists (
        select 1
        from issued.billed_periods as later
        inner join {publications} as later_ones on later.publication_sequence = later_ones.publication_sequence
        where
            later.subscription_id = own.subscription_id
            and later.fee_family = own.fee_family
            -- By close: what was released is published after closes that come after its own.
            and later_ones.close_sequence > publications.close_sequence
            and later.period_starts_at < own.period_ends_at
            and later.period_ends_at > own.period_starts_at
    ) as is_latest
from issued.adjustments as adjustments
inner join {publications} as publications on adjustments.publication_sequence = publications.publication_sequence
inner join issued.billed_periods as own
    on
        adjustments.publication_sequence = own.publication_sequence
        and adjustments.subscription_id = own.subscription_id
        and adjustments.fee_family = own.fee_family
        and adjustments.period_starts_at = own.period_starts_at
