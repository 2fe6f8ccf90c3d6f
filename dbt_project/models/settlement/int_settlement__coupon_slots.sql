-- R-COUPON: the lines that coupons may discount, each with the slot of the coupon that its invoice falls in, and what is left of
-- the slot: the amount less what invoices before used of it; a percentage has no end.
-- Grain: one row per (document_key, line_number, applied_coupon_id).

with

coupon_lines as (select * from {{ ref('int_settlement__coupon_lines') }}),

billing_periods as (
    select document_key, billing_period_start_date from {{ ref('int_settlement__billing_periods') }}
),

used_before as (
    select
        applied_coupon_id,
        slot,
        sum(amount) as amount
    from {{ ref('stg_issued__coupon_uses') }}
    group by applied_coupon_id, slot
),

slotted as (
    select
        coupon_lines.*,
        case coupon_lines.slot_kind
            when 'coupon' then 'whole'
            when 'invoice' then coupon_lines.document_key
            else cast(billing_periods.billing_period_start_date as varchar)
        end as slot
    from coupon_lines
    inner join billing_periods on coupon_lines.document_key = billing_periods.document_key
),

slots as (
    select
        slotted.document_key,
        slotted.line_number,
        slotted.applied_coupon_id,
        slotted.coupon_rank,
        slotted.customer_id,
        slotted.currency,
        {{ minor_unit_size('slotted.minor_unit') }} as minor_unit_size,
        case slotted.minor_unit when 0 then 1 when 2 then 100 when 3 then 1000 when 4 then 10000 end as minor_units,
        slotted.amount,
        slotted.rate_percent,
        slotted.slot,
        case
            when slotted.slot_amount is null then cast('9999999999999999' as decimal(20, 4))
            else cast(greatest(slotted.slot_amount - coalesce(used_before.amount, 0), 0) as decimal(20, 4))
        end as slot_left_amount,
        used_before.slot is not null as is_slot_used,
        slotted.slots_left,
        row_number() over (
            partition by slotted.document_key, slotted.applied_coupon_id
            order by slotted.line_number
        ) = 1 as is_first_line
    from slotted
    left join used_before
        on slotted.applied_coupon_id = used_before.applied_coupon_id and slotted.slot = used_before.slot
)

select * from slots
