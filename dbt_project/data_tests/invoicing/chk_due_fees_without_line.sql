-- R-FEE: every due base period, and every rated charge, stands on an invoice as exactly one line.
-- Grain: one row per fee that has no line.

with

due_fees as (
    select
        subscription_id,
        'subscription' as fee_type,
        cast(null as varchar) as charge_code,
        cast(null as varchar) as filter_code,
        cast(null as varchar) as group_key,
        period_starts_at
    from {{ ref('fct_subscription_periods') }}
    where fee_family = 'base'
    union all
    select
        subscription_id,
        'charge' as fee_type,
        charge_code,
        filter_code,
        group_key,
        period_starts_at
    from {{ ref('fct_rated_charges') }}
)

select due_fees.*
from due_fees
left join {{ ref('fct_invoice_lines') }} as invoice_lines
    on
        due_fees.subscription_id = invoice_lines.subscription_id
        and due_fees.fee_type = invoice_lines.fee_type
        and due_fees.charge_code is not distinct from invoice_lines.charge_code
        and due_fees.filter_code is not distinct from invoice_lines.filter_code
        and due_fees.group_key is not distinct from invoice_lines.group_key
        and due_fees.period_starts_at = invoice_lines.service_period_start
where invoice_lines.line_number is null
