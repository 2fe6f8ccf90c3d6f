-- R-UNIT-CHANGE: how many units come or go at each step of a walk, and how many days of the period that counts for.
-- A counted value is there for whole days: it leaves on the day after its removal, and is back no earlier than that.
-- Grain: one row per (walk_number, walk_step); step 0 is the carried-over state.

with

walks as (
    select
        walk_number,
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        is_pay_in_advance,
        event_count,
        period_days
    from {{ ref('int_rating__walks') }}
),

walked_events as (
    select
        walks.walk_number,
        walks.is_pay_in_advance,
        walks.event_count,
        walks.period_days,
        events.is_before_period,
        events.event_value,
        events.value_text,
        case when events.operation_type = 'remove' then 0 else 1 end as presence,
        events.days_left,
        row_number() over (
            partition by walks.walk_number, events.is_before_period
            order by events.event_number
        ) as event_number
    from {{ ref('fct_charge_events') }} as events
    inner join walks
        on
            events.subscription_id = walks.subscription_id
            and events.charge_code = walks.charge_code
            and events.filter_code is not distinct from walks.filter_code
            and events.group_key is not distinct from walks.group_key
            and events.period_starts_at = walks.period_starts_at
            and events.segment_starts_at = walks.segment_starts_at
),

-- Adding a value that is there, or removing one that is not, changes nothing.
changes as (
    select
        walk_number,
        is_pay_in_advance,
        period_days,
        is_before_period,
        event_number,
        value_text,
        days_left,
        cast(
            coalesce(
                event_value,
                presence - lag(presence, 1, 0) over (
                    partition by walk_number, value_text
                    order by is_before_period desc, event_number
                )
            ) as decimal(38, 9)
        ) as units
    from walked_events
    where is_before_period or event_number <= event_count
),

-- In advance a removal takes nothing back, so that its day does not matter.
dated_changes as (
    select
        walk_number,
        is_pay_in_advance or value_text is null as is_step_of_its_own,
        period_days,
        is_before_period,
        event_number,
        units,
        case
            when is_before_period and is_pay_in_advance then period_days
            when is_before_period then days_left
            when is_pay_in_advance or value_text is null then days_left
            when units < 0 then greatest(days_left, 1) - 1
            else least(
                    days_left,
                    lag(case when not is_before_period then greatest(days_left, 1) - 1 end) over (
                        partition by walk_number, value_text, units <> 0
                        order by is_before_period desc, event_number
                    )
                )
        end as days
    from changes
),

-- What comes and goes on one day is one step where days are counted: the highest total is that of a day.
numbered_changes as (
    select
        walk_number,
        cast(
            case
                when is_before_period then 0
                when is_step_of_its_own then event_number
                else period_days - days + 1
            end as bigint
        ) as walk_step,
        units,
        days
    from dated_changes
    union all
    select walk_number, cast(0 as bigint) as walk_step, cast(0 as decimal(38, 9)) as units, 0 as days
    from walks
),

steps as (
    select
        walk_number,
        walk_step,
        cast(sum(units) as decimal(38, 9)) as units,
        cast(max(days) as integer) as days
    from numbered_changes
    group by walk_number, walk_step
)

select * from steps
