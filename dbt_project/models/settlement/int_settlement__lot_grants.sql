-- R-CREDIT: what each lot of the catalog, and each lot of a top-up that counts, puts into its wallet, in money and in credits.
-- A lot stated in credits is worth them at the rate of its wallet, rounded; a purchased one has what the rounded money buys.
-- Grain: one row per lot_id.

with

wallet_lots as (
    select
        row_number,
        lot_id,
        wallet_id,
        lot_kind,
        amount,
        credits,
        granted_on,
        paid_on,
        lot_priority,
        voided_on
    from {{ ref('stg_catalog__wallet_lots') }}
),

wallets as (select wallet_id, currency, credit_rate from {{ ref('stg_catalog__wallets') }}),

currencies as (select currency, minor_unit from {{ ref('stg_reference__currencies') }}),

valued as (
    select
        wallet_lots.row_number,
        wallet_lots.lot_id,
        wallet_lots.wallet_id,
        wallet_lots.lot_kind,
        wallet_lots.lot_priority,
        wallet_lots.voided_on,
        wallet_lots.credits as stated_credits,
        greatest(wallet_lots.granted_on, coalesce(wallet_lots.paid_on, wallet_lots.granted_on)) as granted_on,
        wallets.credit_rate,
        coalesce(
            wallet_lots.amount,
            {{ round_to_minor_unit('wallet_lots.credits * wallets.credit_rate', 'currencies.minor_unit') }}
        ) as amount
    from wallet_lots
    inner join wallets on wallet_lots.wallet_id = wallets.wallet_id
    inner join currencies on wallets.currency = currencies.currency
),

grants as (
    select
        row_number,
        lot_id,
        wallet_id,
        lot_kind,
        lot_priority,
        granted_on,
        voided_on,
        credit_rate,
        amount,
        case
            when lot_kind = 'granted' and stated_credits is not null then cast(stated_credits as decimal(38, 5))
            else {{ credits_of_amount('amount', 'credit_rate') }}
        end as credits
    from valued
    union all
    -- Row numbers put lots in order: those of the catalog, which are lines of a file, come before those of top-ups.
    select
        1000000000 + top_up_number as row_number,
        lot_id,
        wallet_id,
        lot_kind,
        {{ last_lot_priority() }} as lot_priority,
        granted_on,
        voided_on,
        credit_rate,
        amount,
        credits
    from {{ ref('int_settlement__top_up_lots') }}
    where granted_on is not null
)

select * from grants
