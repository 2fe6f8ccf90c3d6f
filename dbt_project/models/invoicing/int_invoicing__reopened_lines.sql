-- R-ADJUST: the issued lines of the periods that this close computes again, each with what credit notes took of it.
-- What progressive invoices billed of the usage is not issued for it, since the period's invoice billed all of it; but notes
-- take off their lines what the period's invoice credited.
-- Grain: one row per (invoice_number, line_number).

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

credited as (
    select
        invoice_number,
        invoice_line_number,
        sum(amount) as amount,
        sum(case when cause <> 'progressive_billing' then amount else 0 end) as taken_back_amount
    from {{ ref('stg_issued__credit_note_lines') }}
    group by invoice_number, invoice_line_number
),

issued_lines as (
    select
        lines.*,
        lines.fee_type like 'progressive%' as is_progressive_line,
        {{ compared_key('lines', 'service_period_start') }} as compared_key,
        coalesce(credited.taken_back_amount, 0) as taken_back_amount,
        lines.amount - coalesce(credited.amount, 0) as left_amount
    from {{ ref('stg_issued__invoice_lines') }} as lines
    left join credited
        on lines.invoice_number = credited.invoice_number and lines.line_number = credited.invoice_line_number
    where lines.subscription_id in (select subscription_id from reopened_periods)
),

-- Lines below 0 (maximums, progressive credits) leave others less than their amounts: of a charge, of all usage, of all fees.
with_rooms as (
    select
        issued_lines.*,
        sum(left_amount) over (partition by invoice_number, subscription_id, fee_family, charge_code) as charge_room,
        sum(left_amount) over (partition by invoice_number, subscription_id, fee_family) as usage_room,
        sum(left_amount) over (partition by invoice_number, subscription_id) as fees_room
    from issued_lines
),

held_to_charges as (
    select
        with_rooms.*,
        {{ held_to_room('left_amount', 'charge_room', 'invoice_number, subscription_id, fee_family, charge_code') }}
            as of_charge_amount
    from with_rooms
    where fee_type <> 'progressive_credit'
),

held_to_usage as (
    select
        held_to_charges.*,
        {{ held_to_room('of_charge_amount', 'usage_room', 'invoice_number, subscription_id, fee_family') }}
            as of_usage_amount
    from held_to_charges
),

held_to_fees as (
    select
        held_to_usage.*,
        {{ held_to_room('of_usage_amount', 'fees_room', 'invoice_number, subscription_id') }} as uncredited_amount
    from held_to_usage
),

invoices as (select document_key, invoice_number from {{ ref('stg_issued__invoices') }}),

reopened_lines as (
    select
        lines.publication_sequence,
        lines.invoice_number,
        lines.line_number,
        lines.subscription_id,
        lines.fee_family,
        reopened_periods.plan_period_number,
        reopened_periods.period_starts_at,
        lines.compared_key,
        {{ usage_fee_type('lines.fee_type') }} as fee_type,
        lines.charge_code,
        lines.metric_code,
        lines.filter_code,
        lines.group_key,
        lines.description,
        lines.service_period_start,
        lines.service_period_end,
        case when lines.is_progressive_line then 0 else lines.quantity end as quantity,
        coalesce(invoices.invoice_number, lines.original_invoice_number) as original_invoice_number,
        lines.is_progressive_line,
        lines.tax_codes,
        lines.tax_rate,
        cast(
            case when lines.is_progressive_line then 0 else lines.amount end - lines.taken_back_amount as decimal(20, 4)
        ) as issued_amount,
        cast(lines.uncredited_amount as decimal(20, 4)) as uncredited_amount
    from reopened_periods
    inner join held_to_fees as lines
        on
            reopened_periods.subscription_id = lines.subscription_id
            and reopened_periods.fee_family = lines.fee_family
            and reopened_periods.period_starts_at <= lines.service_period_start
            and reopened_periods.period_ends_at > lines.service_period_start
    left join invoices on reopened_periods.document_key = invoices.document_key
)

select * from reopened_lines
