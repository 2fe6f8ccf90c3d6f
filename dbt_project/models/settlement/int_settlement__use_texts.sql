-- R-SEAL: the canonical text of what an invoice uses: lots, notes and coupons. A document without notes or coupons has the text
-- that it had before these were known.
-- Grain: one row per document_key.

with

wallet_draws as (
    select
        document_key,
        {{ join_texts(canonical_row([
            'wallet_id', 'lot_id', 'lot_kind', 'currency', 'amount'
        ]), 'chr(30)', 'lot_id') }} as draws_text
    from {{ ref('int_settlement__wallet_draws') }}
    group by document_key
),

credit_note_uses as (
    select
        document_key,
        {{ join_texts(canonical_row([
            'credit_note_document_key', 'currency', 'amount'
        ]), 'chr(30)', 'credit_note_document_key') }} as uses_text
    from {{ ref('int_settlement__credit_note_uses') }}
    group by document_key
),

coupon_uses as (
    select
        document_key,
        {{ join_texts(canonical_row([
            'applied_coupon_id', 'coupon_code', 'coupon_name', 'coupon_rank', 'slot', 'amount'
        ]), 'chr(30)', 'applied_coupon_id') }} as coupons_text
    from {{ ref('int_settlement__coupon_uses') }}
    group by document_key
),

documents as (
    select document_key from wallet_draws
    union
    select document_key from credit_note_uses
    union
    select document_key from coupon_uses
),

texts as (
    select
        documents.document_key,
        coalesce(wallet_draws.draws_text, '') || coalesce(chr(29) || credit_note_uses.uses_text, '')
        || coalesce(chr(29) || chr(29) || coupon_uses.coupons_text, '') as uses_text
    from documents
    left join wallet_draws on documents.document_key = wallet_draws.document_key
    left join credit_note_uses on documents.document_key = credit_note_uses.document_key
    left join coupon_uses on documents.document_key = coupon_uses.document_key
)

select * from texts
