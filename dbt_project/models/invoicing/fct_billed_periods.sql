-- R-REGISTER: every period this close bills, zero ones too, with bounds as facts and a digest of what they were billed from.
-- A later close that finds another digest for a registered period knows that its inputs changed.
-- Grain: one row per (subscription_id, fee_family, period_starts_at).

with

running as (select close_date from {{ ref('stg_control__run') }}),

periods as (
    select
        subscription_id,
        plan_code,
        customer_id,
        billing_entity_code,
        currency,
        fee_family,
        period_starts_at,
        period_ends_at,
        period_start_date,
        period_end_date,
        days,
        period_days,
        timezone
    from {{ ref('fct_subscription_periods') }}
),

fees as (
    select
        subscription_id,
        fee_family,
        fee_type,
        charge_code,
        filter_code,
        group_key,
        position,
        filter_position,
        segment_starts_at,
        point_number,
        period_starts_at,
        quantity,
        price_details
    from {{ ref('int_invoicing__fees') }}
),

-- The price details name the prices and the quantity the usage; the model's arithmetic is not among the inputs.
fee_inputs as (
    select
        subscription_id,
        fee_family,
        period_starts_at,
        {{ join_texts(
            "coalesce(charge_code, '') || '|' || coalesce(filter_code, '') || '|' || coalesce(group_key, '') || '|' || "
            ~ "cast(quantity as varchar) || '|' || price_details",
            'chr(10)',
            'position, fee_type, filter_position, group_key nulls first, segment_starts_at, point_number'
        ) }} as input_text
    from fees
    group by subscription_id, fee_family, period_starts_at
),

registered as (
    select
        periods.subscription_id,
        periods.fee_family,
        periods.period_starts_at,
        periods.period_ends_at,
        periods.period_start_date,
        periods.period_end_date,
        periods.days,
        periods.period_days,
        periods.timezone,
        case
            when fee_inputs.subscription_id is not null
                then 'invoice/' || cast(running.close_date as varchar) || '/' || periods.billing_entity_code || '/'
                    || periods.customer_id || '/' || periods.currency || '/subscription'
        end as document_key,
        md5(
            periods.plan_code || '|' || periods.currency || '|' || cast(periods.days as varchar) || '|'
            || cast(periods.period_days as varchar) || '|' || coalesce(fee_inputs.input_text, '')
        ) as inputs_digest
    from periods
    cross join running
    left join fee_inputs
        on
            periods.subscription_id = fee_inputs.subscription_id
            and periods.fee_family = fee_inputs.fee_family
            and periods.period_starts_at = fee_inputs.period_starts_at
)

select * from registered
