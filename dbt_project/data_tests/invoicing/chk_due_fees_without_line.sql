-- R-FEE: every due base period, and every rated charge, stands on an invoice: as a line, or as one issued before.
-- Grain: one row per fee that has no line.

with

due_fees as (
    select
        subscription_id,
        'subscription' as fee_type,
        cast(null as varchar) as charge_code,
        cast(null as varchar) as filter_code,
        cast(null as varchar) as group_key,
        period_starts_at as segment_starts_at
    from {{ ref('fct_subscription_periods') }}
    where fee_family = 'base'
    union all
    select
        subscription_id,
        case when is_pay_in_advance then 'charge_in_advance' else 'charge' end as fee_type,
        charge_code,
        filter_code,
        group_key,
        segment_starts_at
    from {{ ref('fct_rated_charges') }}
),

billed as (
    select
        subscription_id,
        fee_type,
        charge_code,
        filter_code,
        group_key,
        service_period_start as segment_starts_at
    from {{ ref('fct_invoice_lines') }}
    union all
    select
        subscription_id,
        'charge_in_advance' as fee_type,
        charge_code,
        filter_code,
        group_key,
        segment_starts_at
    from {{ ref('stg_issued__advance_fees') }}
)

select due_fees.*
from due_fees
left join billed
    on
        due_fees.subscription_id = billed.subscription_id
        and due_fees.fee_type = billed.fee_type
        and due_fees.charge_code is not distinct from billed.charge_code
        and due_fees.filter_code is not distinct from billed.filter_code
        and due_fees.group_key is not distinct from billed.group_key
        and due_fees.segment_starts_at = billed.segment_starts_at
where billed.subscription_id is null
