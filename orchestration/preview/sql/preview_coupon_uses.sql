select
    uses.document_key,
    uses.applied_coupon_id,
    uses.coupon_code,
    uses.coupon_name,
    uses.coupon_rank,
    uses.customer_id,
    uses.currency,
    uses.amount
from settlement.fct_coupon_uses as uses
inner join kept_documents on uses.document_key = kept_documents.document_key
order by uses.document_key, uses.coupon_rank, uses.applied_coupon_id
