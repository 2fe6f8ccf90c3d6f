-- R-ADJUST: each fee of the periods that are computed again whose amount is another now than what was issued for it.
-- A fee that vanished is one of 0 now; one that is new had 0 issued.
-- Grain: one row per (subscription_id, fee_family, period_starts_at, compared_key).

with

reopened_periods as (
    select
        subscription_id,
        fee_family,
        plan_period_number,
        period_starts_at,
        period_end_date,
        document_key,
        cause
    from {{ ref('fct_reopened_periods') }}
),

invoices as (select document_key, invoice_number from {{ ref('stg_issued__invoices') }}),

both_sides as (
    select
        subscription_id,
        fee_family,
        period_starts_at,
        compared_key,
        fee_type,
        charge_code,
        metric_code,
        filter_code,
        group_key,
        description,
        service_period_start,
        service_period_end,
        quantity,
        computed_amount,
        cast(0 as decimal(20, 4)) as issued_amount,
        price_details,
        cast(null as varchar) as original_invoice_number,
        cast(null as varchar) as tax_codes
    from {{ ref('int_invoicing__fees_again') }}
    union all
    select
        subscription_id,
        fee_family,
        period_starts_at,
        compared_key,
        fee_type,
        charge_code,
        metric_code,
        filter_code,
        group_key,
        description,
        service_period_start,
        service_period_end,
        cast(0 - quantity as decimal(38, 9)) as quantity,
        cast(0 as decimal(20, 4)) as computed_amount,
        issued_amount,
        cast(null as varchar) as price_details,
        original_invoice_number,
        -- A line that bore no tax is corrected without one, whatever else its invoice was taxed by.
        case when not is_progressive_line then coalesce(tax_codes, '') end as tax_codes
    from {{ ref('int_invoicing__reopened_lines') }}
),

compared as (
    select
        subscription_id,
        fee_family,
        period_starts_at,
        compared_key,
        max(fee_type) as fee_type,
        max(charge_code) as charge_code,
        max(metric_code) as metric_code,
        max(filter_code) as filter_code,
        max(group_key) as group_key,
        max(description) as description,
        min(service_period_start) as service_period_start,
        max(service_period_end) as service_period_end,
        cast(sum(quantity) as decimal(38, 9)) as quantity,
        cast(sum(computed_amount) as decimal(20, 4)) as computed_amount,
        cast(sum(issued_amount) as decimal(20, 4)) as issued_amount,
        max(price_details) as price_details,
        min(original_invoice_number) as original_invoice_number,
        max(tax_codes) as tax_codes
    from both_sides
    group by subscription_id, fee_family, period_starts_at, compared_key
    having sum(computed_amount) <> sum(issued_amount)
),

differences as (
    select
        compared.subscription_id,
        compared.fee_family,
        reopened_periods.plan_period_number,
        compared.period_starts_at,
        reopened_periods.period_end_date,
        reopened_periods.cause,
        compared.compared_key,
        compared.fee_type,
        compared.charge_code,
        compared.metric_code,
        compared.filter_code,
        compared.group_key,
        compared.description,
        compared.service_period_start,
        compared.service_period_end,
        compared.quantity,
        compared.computed_amount,
        compared.issued_amount,
        cast(compared.computed_amount - compared.issued_amount as decimal(20, 4)) as difference_amount,
        compared.price_details,
        coalesce(invoices.invoice_number, compared.original_invoice_number) as original_invoice_number,
        compared.tax_codes
    from compared
    inner join reopened_periods
        on
            compared.subscription_id = reopened_periods.subscription_id
            and compared.fee_family = reopened_periods.fee_family
            and compared.period_starts_at = reopened_periods.period_starts_at
    left join invoices on reopened_periods.document_key = invoices.document_key
)

select * from differences
