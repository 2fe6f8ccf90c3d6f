-- R-REPORT: what each invoice and its tax come to in the currency in which the billing entity reports. The rate is rounded first,
-- so that who multiplies what is printed finds what is printed. Without a rate they are NULL, which stops the close.
-- Grain: one row per document_key.

with

running as (select close_date from {{ ref('stg_control__run') }}),

amounts_due as (select * from {{ ref('int_settlement__amounts_due') }}),

billing_entities as (
    select billing_entity_code, reporting_currency from {{ ref('stg_catalog__billing_entities') }}
),

exchange_rates as (
    select currency, reporting_currency, fx_date, fx_rate from {{ ref('int_settlement__exchange_rates') }}
),

currencies as (select currency, minor_unit from {{ ref('stg_reference__currencies') }}),

rated as (
    select
        amounts_due.*,
        billing_entities.reporting_currency,
        currencies.minor_unit as reporting_minor_unit,
        case
            when amounts_due.currency = billing_entities.reporting_currency then cast(1 as decimal(20, 12))
            else exchange_rates.fx_rate
        end as fx_rate,
        case
            when amounts_due.currency = billing_entities.reporting_currency then running.close_date
            else exchange_rates.fx_date
        end as fx_date
    from amounts_due
    cross join running
    inner join billing_entities on amounts_due.billing_entity_code = billing_entities.billing_entity_code
    left join currencies on billing_entities.reporting_currency = currencies.currency
    left join exchange_rates
        on
            amounts_due.currency = exchange_rates.currency
            and billing_entities.reporting_currency = exchange_rates.reporting_currency
),

reported as (
    select
        document_key,
        invoice_type,
        customer_id,
        payer_customer_id,
        billing_entity_code,
        currency,
        fees_amount,
        progressive_credit_amount,
        coupon_amount,
        tax_amount,
        effective_tax_rate,
        total_amount,
        credit_note_amount,
        prepaid_credit_amount,
        amount_due,
        reporting_currency,
        {{ round_to_minor_unit('total_amount * fx_rate', 'reporting_minor_unit') }} as reporting_amount,
        {{ round_to_minor_unit('tax_amount * fx_rate', 'reporting_minor_unit') }} as reporting_tax_amount,
        fx_rate,
        fx_date
    from rated
)

select * from reported
