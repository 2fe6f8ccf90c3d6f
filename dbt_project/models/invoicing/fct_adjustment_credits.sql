-- R-ADJUST: a net below 0 as what a credit note takes off issued lines of the periods: what a fee is less off its own lines, the
-- rest off the others, the newest first, never above what is left of a line.
-- Grain: one row per (invoice_number, line_number).

with

adjustments as (
    select netted_with, original_tax_codes, subscription_id, compared_key, cause, difference_amount, net_amount
    from {{ ref('int_invoicing__adjustments') }}
    where handling = 'credit_note'
),

nets as (
    select
        netted_with,
        original_tax_codes,
        min(cause) as cause,
        cast(0 - min(net_amount) as decimal(20, 4)) as credit_amount
    from adjustments
    group by netted_with, original_tax_codes
),

reopened_lines as (
    select
        reopened_lines.close_sequence,
        reopened_lines.invoice_number,
        reopened_lines.line_number,
        reopened_lines.subscription_id,
        reopened_lines.compared_key,
        reopened_lines.description,
        reopened_lines.service_period_start,
        reopened_lines.service_period_end,
        {{ netted_with('reopened_lines') }} as netted_with,
        reopened_lines.tax_codes,
        reopened_lines.tax_rate,
        reopened_lines.uncredited_amount
    from {{ ref('int_invoicing__reopened_lines') }} as reopened_lines
    where reopened_lines.uncredited_amount > 0
),

of_nets as (
    select
        reopened_lines.*,
        nets.original_tax_codes,
        coalesce(adjustments.cause, nets.cause) as cause,
        nets.credit_amount,
        greatest(
            0 - coalesce(adjustments.difference_amount, 0) - coalesce(
                sum(reopened_lines.uncredited_amount) over (
                    partition by nets.netted_with, nets.original_tax_codes, reopened_lines.compared_key
                    order by
                        reopened_lines.close_sequence desc,
                        reopened_lines.invoice_number desc,
                        reopened_lines.line_number desc
                    rows between unbounded preceding and 1 preceding
                ), 0
            ), 0
        ) as own_amount
    from nets
    inner join reopened_lines
        on
            nets.netted_with = reopened_lines.netted_with
            and nets.original_tax_codes = coalesce(reopened_lines.tax_codes, '')
    left join adjustments
        on
            nets.netted_with = adjustments.netted_with
            and nets.original_tax_codes = adjustments.original_tax_codes
            and reopened_lines.compared_key = adjustments.compared_key
),

-- A line twice: with what its own fee is less by, and with the rest.
parts as (
    select
        of_nets.*,
        1 as pass,
        least(own_amount, uncredited_amount) as part_amount
    from of_nets
    union all
    select
        of_nets.*,
        2 as pass,
        uncredited_amount - least(own_amount, uncredited_amount) as part_amount
    from of_nets
),

laid_out as (
    select
        parts.*,
        sum(part_amount) over (
            partition by netted_with, original_tax_codes
            order by pass, close_sequence desc, invoice_number desc, line_number desc
            rows between unbounded preceding and current row
        ) as amount_through
    from parts
),

credits as (
    select
        invoice_number,
        line_number,
        subscription_id,
        description,
        service_period_start,
        service_period_end,
        netted_with,
        cause,
        tax_codes,
        tax_rate,
        cast(
            sum(least(part_amount, greatest(credit_amount - (amount_through - part_amount), 0))) as decimal(20, 4)
        ) as amount
    from laid_out
    group by
        invoice_number,
        line_number,
        subscription_id,
        description,
        service_period_start,
        service_period_end,
        netted_with,
        cause,
        tax_codes,
        tax_rate
)

select * from credits
where amount > 0
