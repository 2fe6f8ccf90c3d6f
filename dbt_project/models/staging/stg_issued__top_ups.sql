-- R-TOP-UP: the lots that top-up rules put into wallets in earlier closes, in publications that are visible, in order.
-- Grain: one row per lot_id.

with

publications as (select publication_sequence, close_sequence from {{ ref('stg_issued__publications') }}),

top_ups as (
    select
        publication_sequence,
        coalesce(invoice_number, document_key) as invoice_number,
        lot_id,
        lot_kind,
        wallet_id,
        topped_up_on,
        credit_rate,
        credits,
        amount
    from {{ source('issued', 'top_ups') }}
),

visible_before_the_run as (
    select
        cast(row_number() over (order by publications.close_sequence, top_ups.lot_id) as integer) as top_up_number,
        top_ups.invoice_number,
        top_ups.lot_id,
        top_ups.lot_kind,
        top_ups.wallet_id,
        top_ups.topped_up_on,
        top_ups.credit_rate,
        top_ups.credits,
        top_ups.amount
    from top_ups
    inner join publications on top_ups.publication_sequence = publications.publication_sequence
)

select * from visible_before_the_run
