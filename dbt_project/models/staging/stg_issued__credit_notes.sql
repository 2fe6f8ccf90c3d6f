-- R-NOTE: the credit notes that earlier closes issued, in publications that are visible.
-- Grain: one row per document_key.

with

publications as (select publication_sequence, is_held from {{ ref('stg_issued__publications') }}),

credit_notes as (
    select
        publication_sequence,
        document_key,
        number_index,
        invoice_number,
        subscription_id,
        payer_customer_id,
        billing_entity_code,
        currency,
        subtotal_amount,
        tax_amount,
        credit_amount,
        refund_amount,
        offset_amount,
        coalesce(returned_amount, 0) as returned_amount
    from {{ source('issued', 'credit_notes') }}
),

visible_before_the_run as (
    select
        credit_notes.publication_sequence,
        credit_notes.document_key,
        credit_notes.number_index,
        credit_notes.invoice_number,
        credit_notes.subscription_id,
        credit_notes.payer_customer_id,
        credit_notes.billing_entity_code,
        credit_notes.currency,
        credit_notes.subtotal_amount,
        credit_notes.tax_amount,
        credit_notes.credit_amount,
        credit_notes.refund_amount,
        credit_notes.offset_amount,
        cast(credit_notes.returned_amount as decimal(20, 4)) as returned_amount,
        publications.is_held
    from credit_notes
    inner join publications on credit_notes.publication_sequence = publications.publication_sequence
)

select * from visible_before_the_run
