-- R-MATCH: what single events change in the hourly cells: owners that are out or do not stand are taken away, mended lines
-- that stand are added, and faults that only the event can tell are counted.
-- Grain: one row per (file_hash, line_number) that changes a cell.

with

valued_events as (
    select
        file_hash,
        line_number,
        event_key,
        code,
        metric_code,
        external_subscription_id,
        is_ambiguous,
        event_at,
        is_owner,
        is_pure_retraction,
        cell_field_name,
        event_value,
        fault
    from {{ ref('int_metering__valued_events') }}
),

contested_choices as (
    select file_hash, line_number, stands from {{ ref('int_metering__contested_choices') }}
),

retracted_keys as (select event_key from {{ ref('int_metering__retracted_keys') }}),

amountless_events as (select file_hash, line_number from {{ ref('int_metering__amountless_events') }}),

decided as (
    select
        valued_events.*,
        coalesce(contested_choices.stands, true) and retracted_keys.event_key is null as is_standing,
        amountless_events.file_hash is not null as is_amountless
    from valued_events
    left join contested_choices
        on
            valued_events.file_hash = contested_choices.file_hash
            and valued_events.line_number = contested_choices.line_number
    left join retracted_keys on valued_events.event_key = retracted_keys.event_key
    left join amountless_events
        on
            valued_events.file_hash = amountless_events.file_hash
            and valued_events.line_number = amountless_events.line_number
    where not valued_events.is_pure_retraction
),

signed as (
    select
        decided.*,
        case
            when is_owner and not is_standing then -1
            when is_standing and not is_owner then 1
            else 0
        end as sign,
        coalesce(cell_field_name, '') <> '' as is_in_the_cells_sums
    from decided
),

changes as (
    select
        code,
        metric_code,
        external_subscription_id,
        is_ambiguous,
        event_at as cell_at,
        cast(sign as bigint) as event_count,
        cast(case when is_in_the_cells_sums and fault is null then sign else 0 end as bigint) as numeric_count,
        cast(case when is_in_the_cells_sums and fault is null then sign * event_value else 0 end as decimal(38, 9))
            as value_sum,
        cast(
            case
                when is_in_the_cells_sums and fault = 'not_numeric' then sign
                when not is_in_the_cells_sums and fault = 'not_numeric' and is_standing then 1
                when is_amountless and is_standing then 1
                else 0
            end as bigint
        ) as not_numeric_count,
        cast(
            case
                when is_in_the_cells_sums and fault = 'too_precise' then sign
                when not is_in_the_cells_sums and fault = 'too_precise' and is_standing then 1
                else 0
            end as bigint
        ) as too_precise_count,
        cast(
            case
                when is_in_the_cells_sums and fault = 'out_of_range' then sign
                when not is_in_the_cells_sums and fault = 'out_of_range' and is_standing then 1
                else 0
            end as bigint
        ) as out_of_range_count
    from signed
),

effective_changes as (
    select * from changes
    where event_count <> 0 or not_numeric_count <> 0 or too_precise_count <> 0 or out_of_range_count <> 0
)

select * from effective_changes
