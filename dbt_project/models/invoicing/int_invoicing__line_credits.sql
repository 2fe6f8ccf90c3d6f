-- R-ADJUST: what credit notes took of each issued line, and of that what corrections did. What this close credits by hand is
-- taken before corrections are made, as if an earlier one had.
-- Grain: one row per (invoice_number, line_number).

with

credits as (
    select invoice_number, invoice_line_number as line_number, cause, amount
    from {{ ref('stg_issued__credit_note_lines') }}
    union all
    select invoice_number, line_number, 'manual' as cause, amount
    from {{ ref('fct_manual_credits') }}
    where line_number is not null
),

line_credits as (
    select
        invoice_number,
        line_number,
        cast(sum(amount) as decimal(20, 4)) as amount,
        cast(sum(case when cause not in ('progressive_billing', 'manual') then amount else 0 end) as decimal(20, 4))
            as taken_back_amount
    from credits
    group by invoice_number, line_number
)

select * from line_credits
