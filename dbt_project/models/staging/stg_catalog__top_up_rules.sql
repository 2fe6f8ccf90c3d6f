-- R-TOP-UP: the top-up rules of the running catalog version, each with what its wallet says.
-- Grain: one row per top_up_rule_id.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

wallets as (
    select
        catalog_version,
        wallet_id,
        customer_id,
        wallet_name,
        currency,
        rate,
        expires_on,
        paid_top_up_min_amount,
        paid_top_up_max_amount
    from {{ source('catalog', 'wallets') }}
),

top_up_rules as (
    select
        catalog_version,
        row_number,
        top_up_rule_id,
        wallet_id,
        trigger_type,
        threshold_credits,
        interval,
        method,
        paid_credits,
        granted_credits,
        target_ongoing_balance,
        grants_target_top_up,
        ignores_paid_top_up_limits,
        starts_on,
        ends_on,
        description
    from {{ source('catalog', 'top_up_rules') }}
),

-- A rule ends with its wallet, or before it.
completed as (
    select
        top_up_rules.row_number,
        top_up_rules.top_up_rule_id,
        top_up_rules.wallet_id,
        wallets.customer_id,
        wallets.currency,
        coalesce(wallets.rate, cast(1 as decimal(20, 12))) as credit_rate,
        top_up_rules.trigger_type,
        top_up_rules.threshold_credits,
        top_up_rules.interval as top_up_interval,
        top_up_rules.method,
        coalesce(top_up_rules.paid_credits, 0) as paid_credits,
        coalesce(top_up_rules.granted_credits, 0) as free_credits,
        top_up_rules.target_ongoing_balance,
        coalesce(top_up_rules.grants_target_top_up, false) as grants_target_top_up,
        case when not coalesce(top_up_rules.ignores_paid_top_up_limits, false) then wallets.paid_top_up_min_amount end
            as minimum_amount,
        case when not coalesce(top_up_rules.ignores_paid_top_up_limits, false) then wallets.paid_top_up_max_amount end
            as maximum_amount,
        top_up_rules.starts_on,
        least(coalesce(top_up_rules.ends_on, wallets.expires_on), coalesce(wallets.expires_on, top_up_rules.ends_on))
            as ends_on,
        coalesce(top_up_rules.description, 'Top-up of ' || wallets.wallet_name) as description
    from top_up_rules
    inner join running on top_up_rules.catalog_version = running.catalog_version
    inner join wallets
        on top_up_rules.catalog_version = wallets.catalog_version and top_up_rules.wallet_id = wallets.wallet_id
)

select * from completed
