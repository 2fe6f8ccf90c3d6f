-- R-WALK-AMOUNT: the running total chooses the tier; a change from a to b costs what b units cost less what a units cost, by day.
-- That is the sum over the tiers between a and b, for the same days. Flats wait for the highest total. Not rounded here.
-- Grain: one row per (walk_number, walk_step).

with

walks as (
    select walk_number, charge_row_number, filter_code, is_pay_in_advance, event_count
    from {{ ref('int_rating__walks') }}
),

tiers as (
    select charge_row_number, filter_code, above, up_to, unit_amount, amount_below
    from {{ ref('int_rating__tiers') }}
),

totals as (
    select
        walk_number,
        walk_step,
        days,
        sum(units) over (
            partition by walk_number
            order by walk_step
            rows between unbounded preceding and current row
        ) as total
    from {{ ref('int_rating__unit_changes') }}
),

highest_totals as (
    select
        walk_number,
        walk_step,
        days,
        total,
        max(total) over (
            partition by walk_number
            order by walk_step
            rows between unbounded preceding and current row
        ) as highest_total
    from totals
),

-- In advance the highest total is what has been paid for: units that go and come back are free. A total below 0 lies in the
-- first tier.
marks as (
    select
        walks.walk_number,
        walks.charge_row_number,
        walks.filter_code,
        walks.is_pay_in_advance,
        walks.event_count,
        highest_totals.walk_step,
        highest_totals.days,
        cast(greatest(highest_totals.highest_total, 0) as decimal(38, 9)) as highest_total,
        cast(
            case
                when walks.is_pay_in_advance then greatest(highest_totals.highest_total, 0)
                else highest_totals.total
            end as decimal(38, 9)
        ) as mark
    from highest_totals
    inner join walks on highest_totals.walk_number = walks.walk_number
),

priced_marks as (
    select
        marks.walk_number,
        marks.is_pay_in_advance,
        marks.event_count,
        marks.walk_step,
        marks.days,
        marks.highest_total,
        {{ null_on_overflow(
            'tiers.amount_below + cast((marks.mark - coalesce(tiers.above, 0)) as decimal(38, 9)) * tiers.unit_amount'
        ) }} as mark_amount
    from marks
    inner join tiers
        on
            marks.charge_row_number = tiers.charge_row_number
            and marks.filter_code is not distinct from tiers.filter_code
            and {{ lies_in_tier('marks.mark', 'tiers') }}
),

changed_amounts as (
    select
        walk_number,
        is_pay_in_advance,
        event_count,
        walk_step,
        highest_total,
        days,
        mark_amount - lag(mark_amount, 1, cast(0 as decimal(38, 21))) over (
            partition by walk_number
            order by walk_step
        ) as changed_amount
    from priced_marks
),

-- Amounts x days must fit into 17 digits, all of a walk together; where they do not, the walk has no amount.
with_room as (
    select
        changed_amounts.*,
        sum(
            days
            * coalesce(cast(ceil(abs(changed_amount)) as decimal(20, 0)), cast(100000000000000000 as decimal(20, 0)))
        ) over (partition by walk_number) < 100000000000000000 as has_room
    from changed_amounts
),

-- A walk in advance has a step per event; one in arrears is of interest at its end, when all its events have passed.
summed_so_far as (
    select
        walk_number,
        walk_step,
        case
            when is_pay_in_advance then walk_step
            when lead(walk_step) over (
                    partition by walk_number
                    order by walk_step
                ) is null then event_count
        end as event_count,
        highest_total,
        cast(
            sum(case when has_room then days * changed_amount end) over (
                partition by walk_number
                order by walk_step
                rows between unbounded preceding and current row
            ) as decimal(38, 21)
        ) as amount_days
    from with_room
)

select * from summed_so_far
