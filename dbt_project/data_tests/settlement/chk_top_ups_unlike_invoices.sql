-- R-TOP-UP: an invoice of top-ups comes to what its lots are worth, all of it due; a lot that is given is granted with its worth.
-- Grain: one row per document or lot for which this does not hold.

with

sold as (
    select
        document_key as key,
        sum(amount) as amount
    from {{ ref('fct_top_ups') }}
    where lot_kind = 'purchased'
    group by document_key
),

invoices as (
    select
        document_key as key,
        case when total_amount = fees_amount and amount_due = fees_amount then fees_amount else -1 end as amount
    from {{ ref('fct_invoices') }}
    where invoice_type = 'top_up'
),

given as (
    select
        lot_id as key,
        amount
    from {{ ref('fct_top_ups') }}
    where lot_kind = 'granted'
),

granted as (
    select
        given.key,
        movements.amount
    from given
    inner join {{ ref('fct_credit_movements') }} as movements
        on given.key = movements.lot_id and movements.movement_kind = 'granted'
),

compared as (
    select
        sold.key as topped_up,
        invoices.key as documented,
        sold.amount as topped_up_amount,
        invoices.amount as documented_amount
    from sold
    full outer join invoices on sold.key = invoices.key
    union all
    select
        given.key as topped_up,
        granted.key as documented,
        given.amount as topped_up_amount,
        granted.amount as documented_amount
    from given
    left join granted on given.key = granted.key
)

select * from compared
where topped_up_amount is distinct from documented_amount
