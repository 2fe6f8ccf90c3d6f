-- R-TOP-UP: the next date of each interval rule, after the last close and not before the rule starts: starts_on, and the same day
-- of each interval from there. Dates that had been closed when a rule became known are left out.
-- Grain: one row per top_up_rule_id that has a date before it ends.

with

last_close as (
    select coalesce(max(close_date), date '0001-01-01') as close_date
    from {{ ref('stg_issued__publications') }}
),

interval_rules as (
    select
        top_up_rules.top_up_rule_id,
        top_up_rules.top_up_interval,
        top_up_rules.starts_on,
        top_up_rules.ends_on,
        greatest(cast(top_up_rules.starts_on - interval '1' day as date), last_close.close_date) as date_before
    from {{ ref('stg_catalog__top_up_rules') }} as top_up_rules
    cross join last_close
    where top_up_rules.trigger_type = 'interval'
),

counted as (
    select
        interval_rules.*,
        {{ period_number('starts_on', 'top_up_interval', 'date_before') }} as near_number
    from interval_rules
),

next_dates as (
    select
        top_up_rule_id,
        {{ next_period_start('starts_on', 'top_up_interval', 'near_number', 'date_before') }} as due_date,
        ends_on
    from counted
),

due_dates as (
    select top_up_rule_id, due_date from next_dates
    where due_date < ends_on or ends_on is null
)

select * from due_dates
