-- R-CATALOG: the subscriptions of the running catalog version; of several rows for one, the last recorded holds.
-- Grain: one row per subscription_id.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select
        catalog_version,
        row_number,
        subscription_id,
        external_subscription_id,
        customer_id,
        plan_code,
        started_at,
        ended_at,
        billing_starts_at,
        billing_time,
        on_termination,
        lifetime_usage_amount,
        payer_customer_id,
        recorded_at
    from {{ source('catalog', 'subscriptions') }}
),

ranked_by_recording as (
    select
        catalog_rows.*,
        row_number() over (
            partition by catalog_rows.subscription_id
            order by catalog_rows.recorded_at desc, catalog_rows.row_number desc
        ) as recording_rank
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
),

last_recorded as (
    select
        row_number,
        subscription_id,
        external_subscription_id,
        customer_id,
        plan_code,
        started_at,
        ended_at,
        billing_starts_at,
        billing_time,
        on_termination,
        coalesce(lifetime_usage_amount, cast(0 as decimal(20, 4))) as lifetime_usage_amount,
        payer_customer_id
    from ranked_by_recording
    where recording_rank = 1
)

select * from last_recorded
