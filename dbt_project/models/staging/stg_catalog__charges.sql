-- R-CATALOG: the charges of the running catalog version, with every correction, but their prices.
-- Grain: one row per row_number (plan_code x charge_code x subscription_id x first_month x valid_from x recorded_at).

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select
        catalog_version,
        row_number,
        charge_code,
        plan_code,
        subscription_id,
        first_month,
        last_month,
        metric_code,
        charge_model,
        is_pay_in_advance,
        is_prorated,
        pricing_group_keys,
        minimum_amount,
        maximum_amount,
        valid_from,
        valid_to,
        recorded_at
    from {{ source('catalog', 'charges') }}
),

known_to_the_run as (
    select
        catalog_rows.row_number,
        catalog_rows.charge_code,
        catalog_rows.plan_code,
        catalog_rows.subscription_id,
        catalog_rows.first_month,
        catalog_rows.last_month,
        catalog_rows.metric_code,
        catalog_rows.charge_model,
        catalog_rows.is_pay_in_advance,
        catalog_rows.is_prorated,
        catalog_rows.pricing_group_keys,
        catalog_rows.minimum_amount,
        catalog_rows.maximum_amount,
        catalog_rows.valid_from,
        catalog_rows.valid_to,
        catalog_rows.recorded_at
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
