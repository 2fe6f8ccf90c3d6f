-- R-TOP-UP: what each wallet holds after this close has drawn and lots have lapsed, and what top-ups have sold to it that is not
-- paid, in the order of drawing.
-- Grain: one row per wallet_id.

with

wallets as (
    select wallet_id, customer_id, currency, priority, row_number, scope_fee_types
    from {{ ref('stg_catalog__wallets') }}
),

held as (
    select
        wallet_id,
        sum(available_amount) as amount
    from {{ ref('int_settlement__available_lots') }}
    where not has_lapsed
    group by wallet_id
),

drawn as (
    select
        draws.wallet_id,
        sum(draws.amount) as amount
    from {{ ref('int_settlement__wallet_draws') }} as draws
    inner join {{ ref('int_settlement__available_lots') }} as lots on draws.lot_id = lots.lot_id
    where not lots.has_lapsed
    group by draws.wallet_id
),

unpaid as (
    select
        wallet_id,
        sum(amount) as amount
    from {{ ref('int_settlement__top_up_lots') }}
    where granted_on is null
    group by wallet_id
),

balances as (
    select
        wallets.wallet_id,
        wallets.customer_id,
        wallets.currency,
        wallets.scope_fee_types,
        row_number() over (
            partition by wallets.customer_id, wallets.currency
            order by wallets.priority, wallets.row_number
        ) as wallet_rank,
        cast(coalesce(held.amount, 0) - coalesce(drawn.amount, 0) as decimal(20, 4)) as balance_amount,
        cast(coalesce(unpaid.amount, 0) as decimal(20, 4)) as unpaid_top_up_amount
    from wallets
    left join held on wallets.wallet_id = held.wallet_id
    left join drawn on wallets.wallet_id = drawn.wallet_id
    left join unpaid on wallets.wallet_id = unpaid.wallet_id
)

select * from balances
