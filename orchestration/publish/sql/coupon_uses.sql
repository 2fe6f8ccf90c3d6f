select
    coupon_uses.invoice_number,
    coupon_uses.applied_coupon_id,
    publications.close_date,
    publications.publication_no,
    coupon_uses.coupon_code,
    coupon_uses.coupon_name,
    coupon_uses.coupon_rank,
    coupon_uses.customer_id,
    coupon_uses.currency,
    coupon_uses.slot,
    coupon_uses.amount
from issued.coupon_uses as coupon_uses
inner join {publications} as publications on coupon_uses.publication_sequence = publications.publication_sequence
