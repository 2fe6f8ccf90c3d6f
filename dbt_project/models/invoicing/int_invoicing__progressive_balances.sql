-- R-PROGRESSIVE: the lines of progressive invoices and of their credits, less what notes gave back of them. Those of an open
-- period wait for its bill. This close settles the others, if it bills usage of the subscription, or none of it is open any more.
-- Grain: one row per (invoice_number, line_number).

with

progressive_lines as (
    select
        close_sequence,
        invoice_number,
        line_number,
        subscription_id,
        charge_code,
        metric_code,
        fee_type,
        description,
        service_period_start,
        service_period_end,
        amount,
        tax_codes,
        tax_rate
    from {{ ref('stg_issued__invoice_lines') }}
    where fee_type like 'progressive%'
),

credited as (
    select
        invoice_number,
        invoice_line_number,
        sum(amount) as amount
    from {{ ref('stg_issued__credit_note_lines') }}
    where cause = 'progressive_billing'
    group by invoice_number, invoice_line_number
),

due_periods as (
    select
        subscription_id,
        min(case when not is_reopened then period_starts_at end) as starts_at
    from {{ ref('fct_subscription_periods') }}
    where fee_family = 'usage'
    group by subscription_id
),

open_periods as (select subscription_id, period_starts_at, period_ends_at from {{ ref('fct_open_periods') }}),

open_subscriptions as (select distinct subscription_id from open_periods),

balances as (
    select
        progressive_lines.close_sequence,
        progressive_lines.invoice_number,
        progressive_lines.line_number,
        progressive_lines.subscription_id,
        progressive_lines.charge_code,
        progressive_lines.metric_code,
        progressive_lines.fee_type,
        progressive_lines.description,
        progressive_lines.service_period_start,
        progressive_lines.service_period_end,
        progressive_lines.tax_codes,
        progressive_lines.tax_rate,
        open_periods.period_starts_at,
        open_periods.subscription_id is null
        and (due_periods.subscription_id is not null or open_subscriptions.subscription_id is null) as is_settled_now,
        coalesce(progressive_lines.service_period_start >= due_periods.starts_at, true) as is_of_present_period,
        cast(progressive_lines.amount - coalesce(credited.amount, 0) as decimal(20, 4)) as amount
    from progressive_lines
    left join credited
        on
            progressive_lines.invoice_number = credited.invoice_number
            and progressive_lines.line_number = credited.invoice_line_number
    left join due_periods on progressive_lines.subscription_id = due_periods.subscription_id
    left join open_subscriptions on progressive_lines.subscription_id = open_subscriptions.subscription_id
    left join open_periods
        on
            progressive_lines.subscription_id = open_periods.subscription_id
            and progressive_lines.service_period_start >= open_periods.period_starts_at
            and progressive_lines.service_period_start < open_periods.period_ends_at
)

select * from balances
