-- R-TOP-UP: what each rule that fires sells and gives, before and after rounding. Fixed: its credits, at a threshold the smallest
-- multiple of them strictly above the gap, as far as the maximum lets it. Target: the gap, given free, or sold from the minimum
-- to the maximum.
-- Grain: one row per top_up_rule_id.

with

fired_rules as (
    select
        *,
        cast((paid_credits + free_credits) * credit_rate as decimal(38, 17)) as step_amount,
        cast(paid_credits * credit_rate as decimal(38, 17)) as paid_step_amount
    from {{ ref('int_settlement__fired_rules') }}
),

-- How many steps exceed the gap, and how many the maximum lets be sold: the catalog check sees to it that one fits.
counted as (
    select
        fired_rules.*,
        {{ floored_quotient(as_integer('gap_amount', 17), as_integer('nullif(step_amount, 0)', 17)) }} + 1
            as needed_count,
        {{ floored_quotient(as_integer('maximum_amount', 17), as_integer('nullif(paid_step_amount, 0)', 17)) }}
            as sold_count
    from fired_rules
),

-- Without a limit NULL, which neither greatest nor least looks at.
stepped as (
    select
        counted.*,
        cast(
            case
                when method = 'target' then 0
                when trigger_type = 'interval' then 1
                else greatest(least(needed_count, sold_count), 1)
            end as decimal(38, 0)
        ) as step_count,
        least(greatest(gap_amount, minimum_amount), maximum_amount) as sold_gap_amount
    from counted
),

exact as (
    select
        stepped.*,
        case
            when method = 'fixed'
                then {{ null_on_overflow('cast(paid_step_amount * step_count as decimal(38, 17))') }}
            when grants_target_top_up then cast(0 as decimal(38, 17))
            else cast(sold_gap_amount as decimal(38, 17))
        end as paid_unrounded,
        case
            when method = 'fixed'
                then {{ null_on_overflow('cast((step_amount - paid_step_amount) * step_count as decimal(38, 17))') }}
            when grants_target_top_up then gap_amount
            else cast(0 as decimal(38, 17))
        end as granted_unrounded
    from stepped
),

amounts as (
    select
        row_number,
        top_up_rule_id,
        wallet_id,
        customer_id,
        billing_entity_code,
        currency,
        minor_unit,
        credit_rate,
        trigger_type,
        method,
        description,
        day_starts_at,
        day_ends_at,
        ongoing_balance_amount,
        threshold_credits,
        target_ongoing_balance,
        step_count,
        cast(free_credits * step_count as decimal(38, 5)) as free_credits,
        paid_unrounded,
        {{ value_or_error(
            null_on_overflow(round_to_minor_unit('paid_unrounded', 'minor_unit')),
            "'The top-up of rule ' || top_up_rule_id || ' has more than 16 digits before the point.'",
            'decimal(20, 4)'
        ) }} as paid_amount,
        {{ value_or_error(
            null_on_overflow(round_to_minor_unit('granted_unrounded', 'minor_unit')),
            "'The top-up of rule ' || top_up_rule_id || ' has more than 16 digits before the point.'",
            'decimal(20, 4)'
        ) }} as granted_amount
    from exact
)

select * from amounts
