-- R-NOTE: what is taken of each issued line before unused days are credited: by notes of earlier closes, and in this one by
-- corrections and by manual credits that state an amount. What was credited by hand is no part of what days cost.
-- Grain: one row per (invoice_number, line_number).

with

credits as (
    select
        invoice_number,
        invoice_line_number as line_number,
        amount,
        amount_unrounded,
        {{ is_note_of_a_correction('cause') }} as is_correction,
        cause = 'manual' as is_manual,
        false as is_new
    from {{ ref('stg_issued__credit_note_lines') }}
    union all
    select
        invoice_number,
        line_number,
        amount,
        amount as amount_unrounded,
        true as is_correction,
        false as is_manual,
        true as is_new
    from {{ ref('fct_adjustment_credits') }}
    union all
    select
        invoice_number,
        line_number,
        amount,
        amount as amount_unrounded,
        false as is_correction,
        true as is_manual,
        true as is_new
    from {{ ref('fct_manual_credits') }}
    where line_number is not null
),

line_credits as (
    select
        invoice_number,
        line_number,
        cast(sum(amount) as decimal(20, 4)) as amount,
        cast(sum(case when is_manual then 0 else amount_unrounded end) as decimal(38, 21)) as amount_unrounded,
        cast(sum(case when is_correction then amount else 0 end) as decimal(20, 4)) as corrected_amount,
        cast(sum(case when is_new or is_manual then 0 else amount end) as decimal(20, 4)) as amount_before
    from credits
    group by invoice_number, line_number
)

select * from line_credits
