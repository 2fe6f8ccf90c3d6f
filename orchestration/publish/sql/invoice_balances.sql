with

paid as (
    select payments.invoice_number, sum(payments.amount) as amount
    from issued.payments as payments
    inner join {publications} as publications on payments.publication_sequence = publications.publication_sequence
    group by payments.invoice_number
),

set_off as (
    select credit_notes.invoice_number, sum(credit_notes.offset_amount) as amount
    from issued.credit_notes as credit_notes
    inner join {publications} as publications on credit_notes.publication_sequence = publications.publication_sequence
    group by credit_notes.invoice_number
),

as_of as (select max(close_date) as close_date from {publications} as publications),

balances as (
    select
        invoices.*,
        as_of.close_date as as_of_date,
        coalesce(paid.amount, 0) as paid_amount,
        coalesce(set_off.amount, 0) as offset_amount,
        invoices.amount_due - coalesce(paid.amount, 0) - coalesce(set_off.amount, 0) as outstanding_amount
    from issued.invoices as invoices
    inner join {publications} as publications on invoices.publication_sequence = publications.publication_sequence
    cross join as_of
    left join paid on invoices.invoice_number = paid.invoice_number
    left join set_off on invoices.invoice_number = set_off.invoice_number
)

select
    invoice_number,
    payer_customer_id,
    billing_entity_code,
    currency,
    issue_date,
    due_date,
    as_of_date,
    amount_due,
    cast(paid_amount as decimal(20, 4)) as paid_amount,
    cast(offset_amount as decimal(20, 4)) as offset_amount,
    cast(outstanding_amount as decimal(20, 4)) as outstanding_amount,
    case
        when outstanding_amount = 0 then 'paid'
        when outstanding_amount < 0 then 'overpaid'
        when paid_amount > 0 then 'partly_paid'
        else 'open'
    end as payment_status,
    cast(case when outstanding_amount > 0 then greatest(as_of_date - due_date, 0) else 0 end as integer) as days_overdue
from balances
