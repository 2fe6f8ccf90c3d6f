-- R-AGG: what each candidate event is worth to its metric: a number, or the value that is counted once; or what is wrong.
-- Grain: one row per (file_hash, line_number).

with

candidate_events as (
    select
        batch_number,
        file_hash,
        line_number,
        event_key,
        transaction_id,
        code,
        event_at,
        quantity,
        properties,
        precise_total_amount_cents,
        external_subscription_id,
        is_ambiguous,
        is_contested,
        is_owner,
        is_pure_retraction,
        metric_code
    from {{ ref('int_metering__candidate_events') }}
),

metric_terms as (
    select metric_code, aggregation_type, field_name, expression, cell_field_name
    from {{ ref('int_metering__metric_terms') }}
),

expression_values as (
    select file_hash, line_number, event_value, fault from {{ ref('int_metering__expression_values') }}
),

valued as (
    select
        candidate_events.batch_number,
        candidate_events.file_hash,
        candidate_events.line_number,
        candidate_events.event_key,
        candidate_events.transaction_id,
        candidate_events.code,
        candidate_events.event_at,
        candidate_events.properties,
        candidate_events.precise_total_amount_cents,
        candidate_events.external_subscription_id,
        candidate_events.is_ambiguous,
        candidate_events.is_contested,
        candidate_events.is_owner,
        candidate_events.is_pure_retraction,
        candidate_events.metric_code,
        metric_terms.cell_field_name,
        case
            when metric_terms.aggregation_type = 'count' then cast(1 as decimal(24, 9))
            when metric_terms.expression is not null then expression_values.event_value
            when metric_terms.cell_field_name <> ''
                then
                    {{ event_value(
                        'candidate_events.quantity', 'candidate_events.properties', 'metric_terms.field_name'
                    ) }}
        end as event_value,
        case
            when
                metric_terms.aggregation_type = 'unique_count'
                and trim({{ json_text('candidate_events.properties', 'metric_terms.field_name') }}) <> ''
                then {{ json_text('candidate_events.properties', 'metric_terms.field_name') }}
        end as value_text,
        case
            when
                metric_terms.aggregation_type = 'unique_count'
                and {{ json_text('candidate_events.properties', "'operation_type'") }} = 'remove'
                then 'remove'
            else 'add'
        end as operation_type,
        case
            when
                metric_terms.aggregation_type = 'unique_count'
                and nullif(trim({{ json_text('candidate_events.properties', 'metric_terms.field_name') }}), '') is null
                then 'not_numeric'
            when metric_terms.expression is not null then expression_values.fault
            when metric_terms.cell_field_name <> ''
                then
                    {{ event_value_fault(
                        'candidate_events.quantity', 'candidate_events.properties', 'metric_terms.field_name'
                    ) }}
        end as fault
    from candidate_events
    left join metric_terms on candidate_events.metric_code = metric_terms.metric_code
    left join expression_values
        on
            candidate_events.file_hash = expression_values.file_hash
            and candidate_events.line_number = expression_values.line_number
)

select * from valued
