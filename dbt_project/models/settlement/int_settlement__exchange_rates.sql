-- R-REPORT: what a unit of each currency that is billed is worth in the currency in which its entity reports: at the last date
-- that has rates of both, the close date or one of the seven days before. Bridges of holidays are shorter; older rates are none.
-- Grain: one row per (currency, reporting_currency).

with

running as (select close_date from {{ ref('stg_control__run') }}),

amounts_due as (select billing_entity_code, currency from {{ ref('int_settlement__amounts_due') }}),

billing_entities as (
    select billing_entity_code, reporting_currency from {{ ref('stg_catalog__billing_entities') }}
),

stated_rates as (
    select rates.rate_date, rates.currency, rates.units_per_euro
    from {{ ref('stg_catalog__exchange_rates') }} as rates
    inner join running on {{ days_between('rates.rate_date', 'running.close_date') }} between 0 and 7
),

euro_rates as (
    select rate_date, currency, units_per_euro
    from stated_rates
    union all
    select distinct
        rate_date,
        'EUR' as currency,
        cast(1 as decimal(20, 8)) as units_per_euro
    from stated_rates
),

pairs as (
    select distinct
        amounts_due.currency,
        billing_entities.reporting_currency
    from amounts_due
    inner join billing_entities on amounts_due.billing_entity_code = billing_entities.billing_entity_code
    where amounts_due.currency <> billing_entities.reporting_currency
),

dated as (
    select
        pairs.currency,
        pairs.reporting_currency,
        own.rate_date as fx_date,
        {{ exchange_rate('own.units_per_euro', 'reporting.units_per_euro') }} as fx_rate,
        row_number() over (
            partition by pairs.currency, pairs.reporting_currency
            order by own.rate_date desc
        ) as date_order
    from pairs
    inner join euro_rates as own on pairs.currency = own.currency
    inner join euro_rates as reporting
        on pairs.reporting_currency = reporting.currency and own.rate_date = reporting.rate_date
),

latest as (
    select
        currency,
        reporting_currency,
        fx_date,
        fx_rate
    from dated
    where date_order = 1
)

select * from latest
