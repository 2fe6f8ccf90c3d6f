-- R-PROGRESSIVE: once usage of a subscription is billed, or none is open any more, all that progressive invoices billed of what
-- is no open period is credited, by lines and by notes: neither more nor less.
-- Grain: one row per (subscription_id, charge_code) that is billed twice or not at all.

with

usage_periods as (
    select subscription_id, period_starts_at, period_ends_at, false as is_open
    from {{ ref('fct_subscription_periods') }}
    where fee_family = 'usage'
    union all
    select subscription_id, period_starts_at, period_ends_at, true as is_open
    from {{ ref('fct_open_periods') }}
),

waiting as (
    select subscription_id
    from usage_periods
    group by subscription_id
    having bool_and(is_open)
),

progressive_lines as (
    select lines.invoice_number, lines.line_number, lines.subscription_id, lines.charge_code, lines.amount
    from {{ ref('stg_issued__invoice_lines') }} as lines
    left join usage_periods
        on
            lines.subscription_id = usage_periods.subscription_id
            and lines.service_period_start >= usage_periods.period_starts_at
            and lines.service_period_start < usage_periods.period_ends_at
            and usage_periods.is_open
    left join waiting on lines.subscription_id = waiting.subscription_id
    where
        lines.fee_type like 'progressive%'
        and usage_periods.subscription_id is null
        and waiting.subscription_id is null
),

notes as (
    select invoice_number, invoice_line_number, amount
    from {{ ref('stg_issued__credit_note_lines') }}
    where cause = 'progressive_billing'
    union all
    select invoice_number, invoice_line_number, amount
    from {{ ref('fct_credit_note_lines') }}
    where cause = 'progressive_billing'
),

amounts as (
    select subscription_id, charge_code, amount
    from progressive_lines
    union all
    select
        progressive_lines.subscription_id,
        progressive_lines.charge_code,
        0 - notes.amount as amount
    from progressive_lines
    inner join notes
        on
            progressive_lines.invoice_number = notes.invoice_number
            and progressive_lines.line_number = notes.invoice_line_number
    union all
    select subscription_id, charge_code, amount
    from {{ ref('fct_invoice_lines') }}
    where fee_type = 'progressive_credit' and invoice_type = 'subscription'
)

select
    subscription_id,
    charge_code,
    sum(amount) as outstanding_amount
from amounts
group by subscription_id, charge_code
having sum(amount) <> 0
