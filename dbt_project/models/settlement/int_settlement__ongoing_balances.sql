-- R-TOP-UP: the ongoing balance of each wallet whose rules this close looks at: what it holds, and what was sold to it and is not
-- paid, less open usage. Usage is held against the first wallet that admits it and that holds something or has such a rule.
-- Grain: one row per wallet_id.

with

rules as (select distinct wallet_id from {{ ref('fct_top_up_rules') }}),

wallets as (
    select
        balances.*,
        rules.wallet_id is not null as has_rule
    from {{ ref('int_settlement__wallet_balances') }} as balances
    left join rules on balances.wallet_id = rules.wallet_id
    where rules.wallet_id is not null or balances.balance_amount > 0
),

wallet_targets as (select wallet_id, metric_code from {{ ref('stg_catalog__wallet_targets') }}),

limited_wallets as (select distinct wallet_id from wallet_targets),

admitted_usage as (
    select
        wallets.wallet_id,
        open_usage.amount_unrounded,
        row_number() over (
            partition by open_usage.subscription_id, open_usage.charge_code, open_usage.metric_code
            order by wallets.wallet_rank
        ) as place
    from {{ ref('int_settlement__taxed_open_usage') }} as open_usage
    inner join wallets on open_usage.payer_customer_id = wallets.customer_id and open_usage.currency = wallets.currency
    left join limited_wallets on wallets.wallet_id = limited_wallets.wallet_id
    left join wallet_targets
        on wallets.wallet_id = wallet_targets.wallet_id and open_usage.metric_code = wallet_targets.metric_code
    where
        {{ is_admitted_by_wallet(
            'wallets.scope_fee_types', 'limited_wallets.wallet_id', "'charge'", 'wallet_targets.wallet_id'
        ) }}
),

usage_of_wallets as (
    select
        wallet_id,
        sum(amount_unrounded) as amount_unrounded
    from admitted_usage
    where place = 1
    group by wallet_id
),

ongoing_balances as (
    select
        wallets.wallet_id,
        wallets.balance_amount,
        wallets.unpaid_top_up_amount,
        cast(coalesce(usage_of_wallets.amount_unrounded, 0) as decimal(38, 12)) as open_usage_unrounded
    from wallets
    left join usage_of_wallets on wallets.wallet_id = usage_of_wallets.wallet_id
    where wallets.has_rule
)

select * from ongoing_balances
