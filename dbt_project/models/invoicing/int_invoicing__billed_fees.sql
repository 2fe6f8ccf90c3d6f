-- R-LINE: the fees that the invoices of this close bill: those of periods that are due or open, and adjustments of earlier ones.
-- Grain: one row per line_key.

with

reopened_periods as (
    select subscription_id, fee_family, adjusted_starts_at from {{ ref('fct_reopened_periods') }}
),

new_fees as (
    select fees.*
    from {{ ref('int_invoicing__fees') }} as fees
    left join reopened_periods
        on
            fees.subscription_id = reopened_periods.subscription_id
            and fees.fee_family = reopened_periods.fee_family
            and fees.period_starts_at = reopened_periods.adjusted_starts_at
    where reopened_periods.subscription_id is null
),

billed as (
    select
        subscription_id,
        fee_type,
        charge_code,
        metric_code,
        filter_code,
        group_key,
        position,
        filter_position,
        point_number,
        segment_starts_at,
        segment_ends_at,
        event_id,
        line_key,
        description,
        quantity,
        priced_quantity,
        amount_unrounded,
        amount,
        price_details,
        cast(null as varchar) as cause,
        cast(null as varchar) as original_invoice_number,
        cast(null as varchar) as original_tax_codes,
        cast(null as varchar) as original_payer_id,
        cast(null as varchar) as original_entity_code
    from new_fees
    union all
    -- After the subscription's other lines.
    select
        subscription_id,
        fee_type,
        charge_code,
        metric_code,
        filter_code,
        group_key,
        2000000002 as position,
        0 as filter_position,
        cast(0 as bigint) as point_number,
        segment_starts_at,
        segment_ends_at,
        cast(null as varchar) as event_id,
        line_key,
        description,
        quantity,
        quantity as priced_quantity,
        amount_unrounded,
        amount,
        price_details,
        cause,
        original_invoice_number,
        original_tax_codes,
        original_payer_id,
        original_entity_code
    from {{ ref('int_invoicing__adjustment_lines') }}
)

select * from billed
