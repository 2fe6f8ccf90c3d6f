-- R-TOP-UP: the lots that top-up rules put into wallets in earlier closes, in publications that are visible, in order.
-- Grain: one row per lot_id.

with

running as (select close_sequence from {{ ref('stg_control__run') }}),

publications as (select publication_sequence, close_sequence from {{ source('issued', 'publications') }}),

top_ups as (
    select
        publication_sequence,
        invoice_number,
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
        cast(row_number() over (order by top_ups.publication_sequence, top_ups.lot_id) as integer) as top_up_number,
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
    inner join running on publications.close_sequence < coalesce(running.close_sequence, 2147483647)
)

select * from visible_before_the_run
