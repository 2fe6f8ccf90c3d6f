-- R-ADJUST: of each base fee of a period that is computed again, the days that notes at the end of its subscription gave back and
-- that are still unused, at the price that they have now: such a fee is owed for the other days alone. Rounded as a note is.
-- Grain: one row per (subscription_id, period_starts_at, segment_starts_at).

with

base_fees as (
    select
        subscription_id,
        period_starts_at,
        segment_starts_at,
        first_date,
        cast(first_date + days * interval '1' day as date) as end_date,
        plan_amount,
        days,
        period_days,
        amount_unrounded
    from {{ ref('int_invoicing__base_fees') }}
),

ends as (select subscription_id, billable_end_date from {{ ref('fct_subscription_ends') }}),

subscriptions as (select subscription_id, minor_unit from {{ ref('dim_subscriptions') }}),

spans_given_back as (
    select
        subscription_id,
        cast({{ json_text('price_details', "'from_date'") }} as date) as given_back_from,
        cast({{ json_text('price_details', "'until_date'") }} as date) as given_back_until
    from {{ ref('stg_issued__credit_note_lines') }}
    where {{ is_note_of_an_end('cause') }}
),

given_back as (
    select
        base_fees.subscription_id,
        base_fees.period_starts_at,
        base_fees.segment_starts_at,
        min(spans_given_back.given_back_from) as given_back_from
    from base_fees
    inner join spans_given_back
        on
            base_fees.subscription_id = spans_given_back.subscription_id
            and base_fees.end_date > spans_given_back.given_back_from
            and base_fees.first_date < spans_given_back.given_back_until
    group by base_fees.subscription_id, base_fees.period_starts_at, base_fees.segment_starts_at
),

counted as (
    select
        base_fees.*,
        subscriptions.minor_unit,
        {{ days_between(
            'greatest(base_fees.first_date, given_back.given_back_from, ends.billable_end_date)', 'base_fees.end_date'
        ) }} as unused_days
    from base_fees
    inner join given_back
        on
            base_fees.subscription_id = given_back.subscription_id
            and base_fees.period_starts_at = given_back.period_starts_at
            and base_fees.segment_starts_at = given_back.segment_starts_at
    inner join ends on base_fees.subscription_id = ends.subscription_id
    inner join subscriptions on base_fees.subscription_id = subscriptions.subscription_id
),

priced as (
    select
        counted.*,
        case
            when unused_days = days
                then cast({{ round_to_minor_unit('amount_unrounded', 'minor_unit') }} as decimal(38, 21))
            else {{ prorated_amount('plan_amount', 'unused_days', 'period_days') }}
        end as amount_given_back
    from counted
    where unused_days > 0
),

returned_days as (
    select
        subscription_id,
        period_starts_at,
        segment_starts_at,
        {{ rounded_in_turn(
            'amount_given_back', 'minor_unit', 'subscription_id, period_starts_at', 'segment_starts_at'
        ) }} as amount
    from priced
)

select * from returned_days
