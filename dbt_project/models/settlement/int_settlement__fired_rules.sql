-- R-TOP-UP: the rules that top up at this close, each with the gap that it finds: those whose date has come, unless they have a
-- target that is reached; and those whose threshold the ongoing balance, with what a date has just put in, does not exceed:
-- compared exactly, and shown in minor units.
-- Grain: one row per top_up_rule_id.

with

top_up_rules as (
    select
        top_up_rules.*,
        currencies.minor_unit,
        top_up_rules.trigger_type = 'interval' and top_up_rules.method = 'fixed' as is_dated_amount,
        {{ round_to_minor_unit('top_up_rules.paid_credits * top_up_rules.credit_rate', 'currencies.minor_unit') }}
        + {{ round_to_minor_unit('top_up_rules.free_credits * top_up_rules.credit_rate', 'currencies.minor_unit') }}
            as dated_amount
    from {{ ref('fct_top_up_rules') }} as top_up_rules
    inner join {{ ref('stg_reference__currencies') }} as currencies on top_up_rules.currency = currencies.currency
),

put_in as (
    select
        wallet_id,
        sum(dated_amount) as amount
    from top_up_rules
    where is_dated_amount
    group by wallet_id
),

compared as (
    select
        top_up_rules.*,
        cast(
            ongoing_balances.balance_amount + ongoing_balances.unpaid_top_up_amount + coalesce(put_in.amount, 0)
            - ongoing_balances.open_usage_unrounded
            as decimal(38, 12)
        ) as ongoing_balance_unrounded,
        cast(top_up_rules.threshold_credits * top_up_rules.credit_rate as decimal(38, 17)) as threshold_amount,
        cast(top_up_rules.target_ongoing_balance * top_up_rules.credit_rate as decimal(38, 17)) as target_amount
    from top_up_rules
    inner join {{ ref('int_settlement__ongoing_balances') }} as ongoing_balances
        on top_up_rules.wallet_id = ongoing_balances.wallet_id
    left join put_in on top_up_rules.wallet_id = put_in.wallet_id
),

fired as (
    select
        compared.*,
        case
            when not is_dated_amount then {{ round_to_minor_unit('ongoing_balance_unrounded', 'minor_unit') }}
        end as ongoing_balance_amount,
        cast(
            case method when 'target' then target_amount else threshold_amount end - ongoing_balance_unrounded
            as decimal(38, 17)
        ) as gap_amount
    from compared
    where
        is_dated_amount
        or (trigger_type = 'interval' and ongoing_balance_unrounded < target_amount)
        or (trigger_type = 'threshold' and ongoing_balance_unrounded <= threshold_amount)
)

select * from fired
