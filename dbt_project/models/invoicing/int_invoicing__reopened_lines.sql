-- R-ADJUST: the issued lines of the periods that this close computes again, each with what credit notes took of it.
-- What a note gave back at the end of a subscription stays issued, since that note alone settles an end; unless the end was
-- withdrawn.
-- Grain: one row per (invoice_number, line_number).

with

reopened_periods as (
    select
        subscription_id,
        fee_family,
        plan_period_number,
        period_starts_at,
        period_ends_at,
        document_key,
        is_end_withdrawn
    from {{ ref('fct_reopened_periods') }}
),

issued_lines as (
    select
        lines.*,
        {{ fee_family_of('lines.fee_type') }} as fee_family,
        {{ compared_key('lines', 'service_period_start') }} as compared_key
    from {{ ref('stg_issued__invoice_lines') }} as lines
),

invoices as (select document_key, invoice_number from {{ ref('stg_issued__invoices') }}),

credited as (
    select
        invoice_number,
        invoice_line_number,
        sum(amount) as amount,
        sum(case when not {{ is_note_of_an_end('cause') }} then amount else 0 end) as adjusted_amount
    from {{ ref('stg_issued__credit_note_lines') }}
    group by invoice_number, invoice_line_number
),

reopened_lines as (
    select
        issued_lines.publication_sequence,
        issued_lines.invoice_number,
        issued_lines.line_number,
        issued_lines.subscription_id,
        issued_lines.fee_family,
        reopened_periods.plan_period_number,
        reopened_periods.period_starts_at,
        issued_lines.compared_key,
        issued_lines.fee_type,
        issued_lines.charge_code,
        issued_lines.metric_code,
        issued_lines.filter_code,
        issued_lines.group_key,
        issued_lines.description,
        issued_lines.service_period_start,
        issued_lines.service_period_end,
        issued_lines.quantity,
        coalesce(invoices.invoice_number, issued_lines.original_invoice_number) as original_invoice_number,
        issued_lines.tax_codes,
        issued_lines.tax_rate,
        cast(
            issued_lines.amount - case
                when reopened_periods.is_end_withdrawn then coalesce(credited.amount, 0)
                else coalesce(credited.adjusted_amount, 0)
            end as decimal(20, 4)
        ) as issued_amount,
        cast(
            issued_lines.amount - issued_lines.coupon_amount - coalesce(credited.amount, 0) as decimal(20, 4)
        ) as uncredited_amount
    from reopened_periods
    inner join issued_lines
        on
            reopened_periods.subscription_id = issued_lines.subscription_id
            and reopened_periods.fee_family = issued_lines.fee_family
            and reopened_periods.period_starts_at <= issued_lines.service_period_start
            and reopened_periods.period_ends_at > issued_lines.service_period_start
    left join invoices on reopened_periods.document_key = invoices.document_key
    left join credited
        on
            issued_lines.invoice_number = credited.invoice_number
            and issued_lines.line_number = credited.invoice_line_number
)

select * from reopened_lines
