-- R-NOTE-USE: the credit notes that have credit left, with how much, in the order in which they pay: those of before the company
-- moved over by date, then those of earlier closes by number, then those of this close as publication will number them.
-- Grain: one row per credit_note_document_key.

with

used_before as (
    select
        credit_note_document_key,
        sum(amount) as amount
    from {{ ref('stg_issued__credit_note_uses') }}
    group by credit_note_document_key
),

credit_notes as (
    select
        0 as age_rank,
        document_key,
        credit_note_number as opening_note_number,
        payer_customer_id,
        currency,
        issued_on,
        cast(null as integer) as publication_sequence,
        cast(null as varchar) as billing_entity_code,
        cast(null as integer) as number_index,
        credit_amount
    from {{ ref('stg_catalog__opening_credit_notes') }}
    union all
    select
        1 as age_rank,
        document_key,
        cast(null as varchar) as opening_note_number,
        payer_customer_id,
        currency,
        cast(null as date) as issued_on,
        publication_sequence,
        billing_entity_code,
        number_index,
        credit_amount
    from {{ ref('stg_issued__credit_notes') }}
    where not is_held
    union all
    select
        2 as age_rank,
        document_key,
        cast(null as varchar) as opening_note_number,
        payer_customer_id,
        currency,
        cast(null as date) as issued_on,
        cast(null as integer) as publication_sequence,
        billing_entity_code,
        cast(null as integer) as number_index,
        credit_amount
    from {{ ref('int_settlement__credit_note_parts') }}
),

with_balances as (
    select
        credit_notes.document_key as credit_note_document_key,
        credit_notes.opening_note_number,
        credit_notes.payer_customer_id,
        credit_notes.currency,
        cast(credit_notes.credit_amount - coalesce(used_before.amount, 0) as decimal(20, 4)) as balance_amount,
        cast(
            row_number() over (
                partition by credit_notes.payer_customer_id, credit_notes.currency
                order by
                    credit_notes.age_rank,
                    credit_notes.issued_on,
                    credit_notes.publication_sequence,
                    credit_notes.billing_entity_code,
                    credit_notes.number_index,
                    credit_notes.document_key
            ) as integer
        ) as note_rank
    from credit_notes
    left join used_before on credit_notes.document_key = used_before.credit_note_document_key
),

available as (
    select * from with_balances
    where balance_amount > 0
)

select * from available
