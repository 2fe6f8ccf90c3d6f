-- R-COMMITMENT: what the fees of a plan's period lack to its minimum commitment is a fee, once it has ended. Before, what they
-- exceed its maximum by is taken off, whenever usage of it is billed: at most what this close bills for the period.
-- Grain: one row per line_key.

with

plan_amounts as (
    select
        subscription_id,
        period_starts_at,
        period_ends_at,
        is_due,
        usage_period_starts_at,
        usage_period_ends_at,
        plan_name,
        minimum_unrounded,
        maximum_unrounded,
        is_last,
        minor_unit,
        fees_amount,
        held_amount,
        held_now_amount
    from {{ ref('int_invoicing__plan_amounts') }}
),

-- least() passes over NULL: a period without a maximum must not get here.
above_maximum as (
    select
        plan_amounts.*,
        case
            when usage_period_starts_at is not null and maximum_unrounded is not null
                then cast(greatest(least(held_amount - maximum_unrounded, held_now_amount), 0) as decimal(38, 21))
            else cast(0 as decimal(38, 21))
        end as excess_through_unrounded
    from plan_amounts
),

rounded as (
    select
        above_maximum.*,
        {{ round_to_minor_unit('excess_through_unrounded', 'minor_unit') }} as excess_through_amount,
        {{ round_to_minor_unit('minimum_unrounded', 'minor_unit') }} as minimum_amount
    from above_maximum
),

cut as (
    select
        rounded.*,
        fees_amount - excess_through_amount as fees_after_amount,
        cast(
            excess_through_unrounded - lag(excess_through_unrounded, 1, cast(0 as decimal(38, 21))) over (
                partition by subscription_id, period_starts_at
                order by usage_period_starts_at
            ) as decimal(38, 21)
        ) as excess_unrounded,
        cast(
            excess_through_amount - lag(excess_through_amount, 1, cast(0 as decimal(20, 4))) over (
                partition by subscription_id, period_starts_at
                order by usage_period_starts_at
            ) as decimal(20, 4)
        ) as excess_amount
    from rounded
),

fees as (
    select
        subscription_id,
        'usage' as fee_family,
        'period_maximum' as fee_type,
        usage_period_starts_at as period_starts_at,
        usage_period_ends_at as period_ends_at,
        plan_name || ': maximum' as description,
        cast(0 - excess_unrounded as decimal(38, 21)) as amount_unrounded,
        cast(0 - excess_amount as decimal(20, 4)) as amount,
        '{"model":"maximum","maximum_amount":"' || {{ decimal_text('maximum_unrounded') }}
        || '","fees_amount":"' || {{ decimal_text('held_amount') }} || '"}' as price_details
    from cut
    where excess_unrounded <> 0
    union all
    select
        subscription_id,
        'commitment' as fee_family,
        'commitment_true_up' as fee_type,
        period_starts_at,
        period_ends_at,
        plan_name || ': minimum commitment' as description,
        cast(minimum_amount - fees_after_amount as decimal(38, 21)) as amount_unrounded,
        cast(minimum_amount - fees_after_amount as decimal(20, 4)) as amount,
        '{"model":"commitment","minimum_amount":"' || {{ decimal_text('minimum_amount') }}
        || '","fees_amount":"' || {{ decimal_text('fees_after_amount') }} || '"}' as price_details
    from cut
    where is_due and is_last and minimum_amount > 0 and minimum_amount > fees_after_amount
)

select * from fees
