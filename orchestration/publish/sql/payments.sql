select
    payments.payment_id,
    payments.invoice_number,
    payments.amount,
    payments.paid_on,
    publications.close_date
from issued.payments as payments
inner join {publications} as publications on payments.publication_sequence = publications.publication_sequence
