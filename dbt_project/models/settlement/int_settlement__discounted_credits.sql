-- R-COUPON: the lines of this close's credit notes, each with what coupons had taken off it: that is not given back. A note
-- rounds what is left once, over its lines; no invoice gives back more than it has left, and its last fee takes all of that.
-- Grain: one row per (document_key, line_number).

with

credited_lines as (select * from {{ ref('int_settlement__credited_lines') }}),

credited_invoices as (select distinct invoice_number from credited_lines),

issued_lines as (
    select lines.invoice_number, lines.line_number, lines.customer_id, lines.amount, lines.coupon_amount_unrounded
    from {{ ref('stg_issued__invoice_lines') }} as lines
    inner join credited_invoices on lines.invoice_number = credited_invoices.invoice_number
),

invoice_fees as (
    select
        invoice_number,
        sum(amount) as amount
    from issued_lines
    group by invoice_number
),

credited_before as (
    select
        lines.invoice_number,
        sum(lines.amount) as amount,
        sum(lines.amount - lines.coupon_amount) as discounted_amount
    from {{ ref('stg_issued__credit_note_lines') }} as lines
    inner join credited_invoices on lines.invoice_number = credited_invoices.invoice_number
    group by lines.invoice_number
),

discounted as (
    select
        credited_lines.*,
        issued_lines.customer_id,
        case
            when issued_lines.coupon_amount_unrounded = 0 then credited_lines.amount_unrounded
            else
                cast(
                    credited_lines.amount_unrounded - {{ coupon_part(
                        'issued_lines.coupon_amount_unrounded',
                        'credited_lines.amount_unrounded',
                        'issued_lines.amount',
                        'credited_lines.document_key'
                    ) }} as decimal(38, 8)
                )
        end as discounted_amount_unrounded
    from credited_lines
    inner join issued_lines
        on
            credited_lines.invoice_number = issued_lines.invoice_number
            and credited_lines.invoice_line_number = issued_lines.line_number
),

rounded as (
    select
        discounted.*,
        {{ rounded_in_turn('discounted_amount_unrounded', 'minor_unit', 'document_key', 'line_number') }}
            as discounted_amount
    from discounted
),

-- All that this close credits of an invoice, note after note and line after line, beside what it has left.
laid_out as (
    select
        rounded.*,
        invoice_fees.amount - coalesce(credited_before.amount, 0) as left_amount,
        invoices.total_amount - invoices.tax_amount - coalesce(credited_before.discounted_amount, 0)
            as discounted_left_amount,
        sum(rounded.amount) over of_invoice as through_amount,
        sum(rounded.discounted_amount) over of_invoice as discounted_through_amount
    from rounded
    inner join invoice_fees on rounded.invoice_number = invoice_fees.invoice_number
    inner join {{ ref('stg_issued__invoices') }} as invoices on rounded.invoice_number = invoices.invoice_number
    left join credited_before on rounded.invoice_number = credited_before.invoice_number
    window of_invoice as (
        partition by rounded.invoice_number
        order by rounded.document_key, rounded.line_number
        rows between unbounded preceding and current row
    )
),

held as (
    select
        laid_out.*,
        cast(
            case
                when through_amount = left_amount then discounted_left_amount
                else least(discounted_through_amount, discounted_left_amount)
            end - least(discounted_through_amount - discounted_amount, discounted_left_amount) as decimal(20, 4)
        ) as held_amount
    from laid_out
),

credits as (
    select
        document_key,
        line_number,
        invoice_number,
        invoice_line_number,
        customer_id,
        subscription_id,
        reason,
        handling,
        description,
        amount_unrounded,
        amount,
        cast(amount - held_amount as decimal(20, 4)) as coupon_amount,
        cast(discounted_amount_unrounded as decimal(38, 21)) as discounted_amount_unrounded,
        tax_codes,
        tax_rate,
        currency,
        minor_unit,
        price_details,
        cause
    from held
)

select * from credits
