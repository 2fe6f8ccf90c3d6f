with

used as (
    select uses.credit_note_number, sum(uses.amount) as amount
    from issued.credit_note_uses as uses
    inner join {publications} as publications on uses.publication_sequence = publications.publication_sequence
    group by uses.credit_note_number
),

notes as (
    select
        credit_note_number,
        number_index,
        issue_date,
        publication_sequence,
        invoice_number,
        customer_id,
        payer_customer_id,
        billing_entity_code,
        currency,
        reason,
        subtotal_amount,
        tax_amount,
        total_amount,
        credit_amount,
        refund_amount,
        offset_amount,
        document_hash,
        subscription_id,
        returned_amount,
        reporting_currency,
        reporting_amount,
        reporting_tax_amount,
        fx_rate,
        fx_date
    from issued.credit_notes
    union all
    select
        credit_note_number,
        cast(null as integer) as number_index,
        issued_on as issue_date,
        publication_sequence,
        cast(null as text) as invoice_number,
        customer_id,
        customer_id as payer_customer_id,
        billing_entity_code,
        currency,
        'opening_balance' as reason,
        cast(null as decimal(20, 4)) as subtotal_amount,
        cast(null as decimal(20, 4)) as tax_amount,
        amount as total_amount,
        amount as credit_amount,
        cast(0 as decimal(20, 4)) as refund_amount,
        cast(0 as decimal(20, 4)) as offset_amount,
        cast(null as text) as document_hash,
        cast(null as text) as subscription_id,
        cast(0 as decimal(20, 4)) as returned_amount,
        cast(null as text) as reporting_currency,
        cast(null as decimal(20, 4)) as reporting_amount,
        cast(null as decimal(20, 4)) as reporting_tax_amount,
        cast(null as decimal(20, 12)) as fx_rate,
        cast(null as date) as fx_date
    from issued.opening_credit_notes
)

select
    notes.credit_note_number,
    notes.number_index,
    notes.issue_date,
    publications.publication_no,
    notes.invoice_number,
    notes.customer_id,
    notes.payer_customer_id,
    notes.billing_entity_code,
    notes.currency,
    notes.reason,
    notes.subtotal_amount,
    notes.tax_amount,
    notes.total_amount,
    notes.credit_amount,
    notes.refund_amount,
    notes.offset_amount,
    cast(coalesce(used.amount, 0) as decimal(20, 4)) as used_amount,
    cast(notes.credit_amount - coalesce(used.amount, 0) as decimal(20, 4)) as balance_amount,
    notes.document_hash,
    notes.subscription_id,
    cast(coalesce(notes.returned_amount, 0) as decimal(20, 4)) as returned_amount,
    notes.reporting_currency,
    notes.reporting_amount,
    notes.reporting_tax_amount,
    notes.fx_rate,
    notes.fx_date
from notes
inner join {publications} as publications on notes.publication_sequence = publications.publication_sequence
left join used on notes.credit_note_number = used.credit_note_number
