-- R-LATEST: the value of the last event through each step, by its instant and then by load order; a negative one is 0.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, step_number).

with

stepped_events as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        event_number,
        event_value
    from {{ ref('int_metering__stepped_events') }}
    where aggregation_type = 'latest'
),

last_of_each_step as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        step_number,
        max(event_number) as event_number
    from stepped_events
    group by
        subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, step_number
),

with_its_value as (
    select
        last_of_each_step.subscription_id,
        last_of_each_step.charge_code,
        last_of_each_step.filter_code,
        last_of_each_step.group_key,
        last_of_each_step.period_starts_at,
        last_of_each_step.segment_starts_at,
        last_of_each_step.step_number,
        -- The metric is never recurring: the events through a step are those of the period, numbered from 1.
        last_of_each_step.event_number as event_count,
        cast(greatest(stepped_events.event_value, 0) as decimal(38, 9)) as quantity,
        cast(null as decimal(38, 9)) as prorated_numerator,
        cast(null as decimal(38, 21)) as given_amount_unrounded
    from last_of_each_step
    inner join stepped_events
        on
            last_of_each_step.subscription_id = stepped_events.subscription_id
            and last_of_each_step.charge_code = stepped_events.charge_code
            and last_of_each_step.filter_code is not distinct from stepped_events.filter_code
            and last_of_each_step.group_key is not distinct from stepped_events.group_key
            and last_of_each_step.period_starts_at = stepped_events.period_starts_at
            and last_of_each_step.segment_starts_at = stepped_events.segment_starts_at
            and last_of_each_step.event_number = stepped_events.event_number
)

select * from with_its_value
