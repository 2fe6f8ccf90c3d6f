-- R-TRANSACTION: an event's amount, raised to its minimum, cut to its maximum, summed with what is free so far. Not rounded here.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, event_count).

with

prices as (
    select
        charge_row_number,
        filter_code,
        {{ percent_price('rate') }} as unit_amount,
        coalesce(fixed_amount, 0) as fixed_amount,
        per_transaction_min_amount as min_amount,
        per_transaction_max_amount as max_amount
    from {{ ref('stg_catalog__charge_prices') }}
),

-- A negative event lowers the sum. Neither `greatest` nor `least` minds a bound that is not there.
priced_events as (
    select
        events.subscription_id,
        events.charge_code,
        events.filter_code,
        events.group_key,
        events.period_starts_at,
        events.segment_starts_at,
        events.measure_number,
        events.event_count,
        events.value_towards_free,
        events.below_free_total_count,
        case
            when events.paid_value is null then cast(0 as decimal(38, 21))
            else cast(
                    least(
                        greatest(
                            events.paid_value * prices.unit_amount + prices.fixed_amount,
                            prices.min_amount
                        ),
                        prices.max_amount
                    ) as decimal(38, 21)
                )
        end as event_amount
    from {{ ref('int_rating__free_events') }} as events
    inner join prices
        on
            events.charge_row_number = prices.charge_row_number
            and events.filter_code is not distinct from prices.filter_code
),

summed_so_far as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        event_count,
        cast(sum(value_towards_free) over so_far as decimal(38, 9)) as total_towards_free,
        cast(sum(below_free_total_count) over so_far as bigint) as below_free_total_count,
        cast(sum(event_amount) over so_far as decimal(38, 21)) as amount_so_far
    from priced_events
    window so_far as (
        partition by measure_number
        order by event_count
        rows between unbounded preceding and current row
    )
)

select * from summed_so_far
