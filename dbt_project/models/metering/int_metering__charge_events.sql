-- R-AGG: the events that each charge measures, under their filter and group, in time order, with the days they count.
-- What came before the period is carried over and counts from its first day: in full, unless the period is cut short.
-- On a day that is the next subscription's no day is left to count.
-- Grain: one row per (subscription_id, charge_code, period_starts_at, segment_starts_at, event_key).

with

measured_events as (
    select
        subscription_id,
        charge_code,
        charge_row_number,
        period_starts_at,
        period_start_date,
        billable_end_date,
        period_days,
        segment_starts_at,
        timezone,
        batch_number,
        file_hash,
        line_number,
        event_key,
        transaction_id,
        event_at,
        properties,
        precise_total_amount_cents,
        event_value,
        value_text,
        operation_type,
        filter_values,
        group_key,
        event_at < period_starts_at as is_before_period
    from {{ ref('int_metering__measured_events') }}
),

filter_matches as (
    select charge_row_number, filter_values, filter_code from {{ ref('int_metering__filter_matches') }}
),

tz_offsets as (
    select timezone, offset_starts_at, offset_ends_at, offset_seconds from {{ ref('stg_reference__tz_offsets') }}
),

-- Few changes of offset lie in what is measured; of a century's, only those are compared with events.
measured_span as (select min(period_starts_at) as starts_at, max(event_at) as ends_at from measured_events),

offsets as (
    select tz_offsets.*
    from tz_offsets
    inner join measured_span
        on tz_offsets.offset_ends_at > measured_span.starts_at and tz_offsets.offset_starts_at <= measured_span.ends_at
),

dated as (
    select
        measured_events.*,
        filter_matches.filter_code,
        case
            when measured_events.is_before_period then measured_events.period_start_date
            else {{ local_date('measured_events.event_at', 'offsets.offset_seconds') }}
        end as local_date
    from measured_events
    left join filter_matches
        on
            measured_events.charge_row_number = filter_matches.charge_row_number
            and measured_events.filter_values = filter_matches.filter_values
    left join offsets
        on
            measured_events.timezone = offsets.timezone
            and measured_events.event_at >= offsets.offset_starts_at
            and measured_events.event_at < offsets.offset_ends_at
),

charge_events as (
    select
        subscription_id,
        charge_code,
        charge_row_number,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        event_key,
        transaction_id,
        event_at,
        row_number() over (
            partition by
                subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at
            order by event_at, batch_number, file_hash, line_number
        ) as event_number,
        event_value,
        value_text,
        operation_type,
        greatest(0, least({{ days_between('local_date', 'billable_end_date') }}, period_days)) as days_left,
        is_before_period,
        precise_total_amount_cents,
        properties
    from dated
)

select * from charge_events
