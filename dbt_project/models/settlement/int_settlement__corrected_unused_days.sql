-- R-NOTE: what each line of a corrected base fee still has to give back for the days after the end of its subscription: the
-- newest lines give first, no line and no invoice more than it has left.
-- Grain: one row per (invoice_number, line_number).

with

fees_left_early as (select * from {{ ref('int_settlement__fees_left_early') }}),

corrected_ends as (select * from {{ ref('int_settlement__corrected_ends') }}),

-- An invoice that takes an earlier line back has less left than its lines.
with_rooms as (
    select
        fees.*,
        greatest(
            sum(fees.left_amount) over (
                partition by fees.invoice_number, fees.subscription_id, fees.period_ends_at
            ), 0
        ) as room_amount,
        corrected_ends.plan_amount,
        corrected_ends.period_days,
        corrected_ends.first_unused_date,
        corrected_ends.period_end_date as billed_until_date,
        corrected_ends.unused_amount_unrounded
    from fees_left_early as fees
    inner join corrected_ends
        on fees.subscription_id = corrected_ends.subscription_id and fees.period_ends_at = corrected_ends.period_ends_at
),

creditable as (
    select
        with_rooms.*,
        {{ days_between('first_unused_date', 'billed_until_date') }} as unused_days,
        greatest(
            {{ held_to_room('left_amount', 'room_amount', 'invoice_number, subscription_id, period_ends_at') }}, 0
        ) as creditable_amount
    from with_rooms
),

of_corrected as (
    select
        creditable.*,
        cast(
            greatest(
                least(
                    creditable_amount,
                    unused_amount_unrounded - coalesce(
                        sum(creditable_amount) over (
                            partition by subscription_id, period_ends_at
                            order by is_adjustment desc, invoice_number desc, line_number desc
                            rows between unbounded preceding and 1 preceding
                        ), 0
                    )
                ), 0
            ) as decimal(38, 21)
        ) as uncredited_amount
    from creditable
),

corrected_unused_days as (
    select
        invoice_number,
        line_number,
        subscription_id,
        on_termination,
        end_kind,
        description,
        plan_amount,
        period_days,
        unused_days,
        first_unused_date,
        billed_until_date,
        cast(amount - corrected_amount as decimal(20, 4)) as amount,
        tax_codes,
        tax_rate,
        cast(left_amount - uncredited_amount as decimal(38, 21)) as used_amount_unrounded,
        uncredited_amount
    from of_corrected
)

select * from corrected_unused_days
