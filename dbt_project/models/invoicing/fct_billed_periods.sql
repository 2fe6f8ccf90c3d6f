-- R-REGISTER: every period this close bills, zero ones too, with bounds as facts and a digest of what they were billed from.
-- A period that is computed again is registered again, with the digest that it has now and the document that billed it first.
-- Grain: one row per (subscription_id, fee_family, period_starts_at).

with

running as (select close_date from {{ ref('stg_control__run') }}),

due_periods as (
    select
        subscription_id,
        payer_customer_id,
        billing_entity_code,
        currency,
        fee_family,
        period_starts_at,
        period_ends_at,
        period_start_date,
        period_end_date,
        days,
        period_days,
        anchor_date,
        timezone,
        inputs_digest
    from {{ ref('fct_subscription_periods') }}
    where not is_reopened
),

-- A period without a fee stands on no document.
billed as (
    select distinct subscription_id, fee_family, period_starts_at
    from {{ ref('int_invoicing__fees') }}
),

registered as (
    select
        due_periods.subscription_id,
        due_periods.fee_family,
        due_periods.period_starts_at,
        due_periods.period_ends_at,
        due_periods.period_start_date,
        due_periods.period_end_date,
        due_periods.days,
        due_periods.period_days,
        due_periods.anchor_date,
        due_periods.timezone,
        case
            when billed.subscription_id is not null
                then 'invoice/' || cast(running.close_date as varchar) || '/' || due_periods.billing_entity_code || '/'
                    || due_periods.payer_customer_id || '/' || due_periods.currency || '/subscription'
        end as document_key,
        due_periods.inputs_digest,
        false as is_adjustment
    from due_periods
    cross join running
    left join billed
        on
            due_periods.subscription_id = billed.subscription_id
            and due_periods.fee_family = billed.fee_family
            and due_periods.period_starts_at = billed.period_starts_at
    union all
    select
        subscription_id,
        fee_family,
        period_starts_at,
        period_ends_at,
        period_start_date,
        period_end_date,
        days,
        period_days,
        anchor_date,
        timezone,
        document_key,
        inputs_digest,
        true as is_adjustment
    from {{ ref('fct_reopened_periods') }}
)

select * from registered
