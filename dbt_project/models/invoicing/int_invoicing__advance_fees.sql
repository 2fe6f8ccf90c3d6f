-- R-ADVANCE: the fee of each event in advance: what the highest quantity so far costs, rounded, less what it cost before.
-- What is issued stays: late events get what is left, so that Σ issued is the rounded whole and never more.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, point_number).

with

rated_charges as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        segment_ends_at,
        point_number,
        charge_row_number,
        metric_code,
        event_key,
        transaction_id,
        quantity,
        amount_unrounded,
        amount_through_unrounded,
        amount_before_unrounded,
        price_details
    from {{ ref('fct_rated_charges') }}
    where is_pay_in_advance
),

subscriptions as (select subscription_id, minor_unit from {{ ref('dim_subscriptions') }}),

issued as (
    select
        line_key,
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        service_period_start as segment_starts_at,
        amount
    from {{ ref('int_invoicing__standing_lines') }}
    where fee_type = 'charge_in_advance'
),

issued_amounts as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        segment_starts_at,
        sum(amount) as amount
    from issued
    group by subscription_id, charge_code, filter_code, group_key, segment_starts_at
),

own_fees as (
    select
        rated_charges.*,
        {{ line_key(
            'rated_charges', "'charge_in_advance'", "coalesce(rated_charges.event_key, 'carried over')"
        ) }} as line_key,
        {{ round_to_minor_unit('rated_charges.amount_through_unrounded', 'subscriptions.minor_unit') }}
        - {{ round_to_minor_unit('rated_charges.amount_before_unrounded', 'subscriptions.minor_unit') }} as own_amount
    from rated_charges
    inner join subscriptions on rated_charges.subscription_id = subscriptions.subscription_id
),

-- What all events are worth as known now, less what was issued, is there for the events that are not issued yet.
with_what_is_left as (
    select
        own_fees.*,
        issued.line_key is not null as is_issued,
        greatest(
            sum(own_fees.own_amount) over (
                partition by
                    own_fees.subscription_id,
                    own_fees.charge_code,
                    own_fees.filter_code,
                    own_fees.group_key,
                    own_fees.segment_starts_at
            ) - coalesce(issued_amounts.amount, 0),
            0
        ) as left_amount
    from own_fees
    left join issued on own_fees.line_key = issued.line_key
    left join issued_amounts
        on
            own_fees.subscription_id = issued_amounts.subscription_id
            and own_fees.charge_code = issued_amounts.charge_code
            and own_fees.filter_code is not distinct from issued_amounts.filter_code
            and own_fees.group_key is not distinct from issued_amounts.group_key
            and own_fees.segment_starts_at = issued_amounts.segment_starts_at
),

in_order as (
    select
        with_what_is_left.*,
        coalesce(
            sum(greatest(own_amount, 0)) over (
                partition by subscription_id, charge_code, filter_code, group_key, segment_starts_at
                order by point_number
                rows between unbounded preceding and 1 preceding
            ), 0
        ) as amount_of_earlier,
        lead(point_number) over (
            partition by subscription_id, charge_code, filter_code, group_key, segment_starts_at
            order by point_number
        ) is null as is_last
    from with_what_is_left
    where not is_issued
),

fees as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        segment_ends_at,
        point_number,
        charge_row_number,
        metric_code,
        line_key,
        transaction_id,
        quantity,
        amount_unrounded,
        price_details,
        cast(
            case
                when is_last then greatest(left_amount - amount_of_earlier, 0)
                else least(greatest(own_amount, 0), greatest(left_amount - amount_of_earlier, 0))
            end as decimal(20, 4)
        ) as amount
    from in_order
)

select * from fees
