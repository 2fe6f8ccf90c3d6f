-- R-CATALOG: the plans of the running catalog version, with every correction.
-- Grain: one row per row_number (plan_code x subscription_id x first_month x valid_from x recorded_at).

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select
        catalog_version,
        row_number,
        plan_code,
        plan_name,
        interval,
        is_pay_in_advance,
        amount,
        currency,
        trial_days,
        bills_charges_monthly,
        bills_fixed_charges_monthly,
        minimum_commitment_amount,
        maximum_amount,
        adjustment_days,
        adjustment_minimum_amount,
        subscription_id,
        first_month,
        last_month,
        valid_from,
        valid_to,
        recorded_at
    from {{ source('catalog', 'plans') }}
),

known_to_the_run as (
    select
        catalog_rows.row_number,
        catalog_rows.plan_code,
        catalog_rows.plan_name,
        catalog_rows.interval as billing_interval,
        catalog_rows.is_pay_in_advance,
        catalog_rows.amount,
        catalog_rows.currency,
        catalog_rows.trial_days,
        catalog_rows.bills_charges_monthly,
        catalog_rows.bills_fixed_charges_monthly,
        catalog_rows.minimum_commitment_amount,
        catalog_rows.maximum_amount,
        catalog_rows.adjustment_days,
        catalog_rows.adjustment_minimum_amount,
        catalog_rows.subscription_id,
        catalog_rows.first_month,
        catalog_rows.last_month,
        catalog_rows.valid_from,
        catalog_rows.valid_to,
        catalog_rows.recorded_at
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
