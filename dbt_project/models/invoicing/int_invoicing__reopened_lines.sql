-- R-ADJUST: the issued lines of the periods that this close computes again, each with what credit notes took of it.
-- What progressive invoices billed of the usage is not issued for it, since the period's invoice billed all of it; but notes
-- take off their lines what the period's invoice credited. What was credited by hand is not billed again.
-- Grain: one row per (invoice_number, line_number).
{% set netted_lines = 'invoice_number, netted_invoice_number, subscription_id, plan_period_number' %}

with

reopened_periods as (
    select
        subscription_id,
        fee_family,
        plan_period_number,
        period_starts_at,
        period_ends_at,
        document_key
    from {{ ref('fct_reopened_periods') }}
),

credited as (select * from {{ ref('int_invoicing__line_credits') }}),

invoices as (select document_key, invoice_number from {{ ref('stg_issued__invoices') }}),

issued_lines as (
    select
        lines.*,
        reopened_periods.plan_period_number,
        reopened_periods.period_starts_at,
        coalesce(invoices.invoice_number, lines.original_invoice_number) as netted_invoice_number,
        lines.fee_type like 'progressive%' as is_progressive_line,
        {{ compared_key('lines', 'service_period_start') }} as compared_key,
        coalesce(credited.taken_back_amount, 0) as taken_back_amount,
        lines.amount - coalesce(credited.amount, 0) as left_amount
    from {{ ref('stg_issued__invoice_lines') }} as lines
    inner join reopened_periods
        on
            lines.subscription_id = reopened_periods.subscription_id
            and lines.fee_family = reopened_periods.fee_family
            and lines.service_period_start >= reopened_periods.period_starts_at
            and lines.service_period_start < reopened_periods.period_ends_at
    left join invoices on reopened_periods.document_key = invoices.document_key
    left join credited
        on lines.invoice_number = credited.invoice_number and lines.line_number = credited.line_number
),

-- Lines below 0 (maximums, progressive credits) leave others of what they are netted with less than their amounts: of a charge,
-- of all usage, of all fees. What they leave other plan periods of the invoice is no less for it.
with_rooms as (
    select
        issued_lines.*,
        sum(left_amount) over (partition by {{ netted_lines }}, fee_family, charge_code) as charge_room,
        sum(left_amount) over (partition by {{ netted_lines }}, fee_family) as usage_room,
        sum(left_amount) over (partition by {{ netted_lines }}) as fees_room
    from issued_lines
),

held_to_charges as (
    select
        with_rooms.*,
        {{ held_to_room('left_amount', 'charge_room', netted_lines ~ ', fee_family, charge_code') }} as of_charge_amount
    from with_rooms
    where fee_type <> 'progressive_credit'
),

held_to_usage as (
    select
        held_to_charges.*,
        {{ held_to_room('of_charge_amount', 'usage_room', netted_lines ~ ', fee_family') }} as of_usage_amount
    from held_to_charges
),

held_to_fees as (
    select
        held_to_usage.*,
        {{ held_to_room('of_usage_amount', 'fees_room', netted_lines) }} as uncredited_amount
    from held_to_usage
),

reopened_lines as (
    select
        close_sequence,
        invoice_number,
        line_number,
        subscription_id,
        fee_family,
        plan_period_number,
        period_starts_at,
        compared_key,
        {{ usage_fee_type('fee_type') }} as fee_type,
        charge_code,
        metric_code,
        filter_code,
        group_key,
        description,
        service_period_start,
        service_period_end,
        case when is_progressive_line then 0 else quantity end as quantity,
        netted_invoice_number as original_invoice_number,
        is_progressive_line,
        tax_codes,
        tax_rate,
        cast(case when is_progressive_line then 0 else amount end - taken_back_amount as decimal(20, 4))
            as issued_amount,
        cast(uncredited_amount as decimal(20, 4)) as uncredited_amount
    from held_to_fees
)

select * from reopened_lines
