-- R-MANUAL-CREDIT: what each manual credit takes of each invoice line: the amount that it states, or all that is left of the
-- invoice, the newest lines first, where lines below 0 leave others less than their amounts.
-- Grain: one row per (manual_credit_id, line_number).

with

manual_credits as (select * from {{ ref('fct_manual_credits') }}),

invoice_lines as (
    select invoice_number, line_number, amount from {{ ref('stg_issued__invoice_lines') }}
),

taken as (
    select
        invoice_number,
        line_number,
        sum(amount) as amount
    from {{ ref('int_settlement__taken_credits') }}
    group by invoice_number, line_number
),

with_rooms as (
    select
        manual_credits.manual_credit_id,
        lines.line_number,
        lines.amount - coalesce(taken.amount, 0) as left_amount,
        sum(lines.amount - coalesce(taken.amount, 0)) over (partition by manual_credits.manual_credit_id) as room_amount
    from manual_credits
    inner join invoice_lines as lines on manual_credits.invoice_number = lines.invoice_number
    left join taken on lines.invoice_number = taken.invoice_number and lines.line_number = taken.line_number
    where manual_credits.line_number is null
),

held as (
    select
        manual_credit_id,
        line_number,
        {{ held_to_room('left_amount', 'room_amount', 'manual_credit_id') }} as amount
    from with_rooms
),

amounts as (
    select manual_credit_id, line_number, amount
    from manual_credits
    where line_number is not null
    union all
    select manual_credit_id, line_number, cast(amount as decimal(20, 4)) as amount
    from held
    where amount > 0
),

decided as (
    select
        manual_credits.row_number,
        manual_credits.manual_credit_id,
        manual_credits.invoice_number,
        amounts.line_number,
        amounts.amount,
        manual_credits.handling,
        manual_credits.reason,
        manual_credits.author
    from amounts
    inner join manual_credits on amounts.manual_credit_id = manual_credits.manual_credit_id
)

select * from decided
