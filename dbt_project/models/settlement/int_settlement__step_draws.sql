-- R-WALLET: what each lot pays of each part of an invoice, step by step. In a step the lots of one wallet and priority, the
-- soonest expiry first, pay the parts that are admitted, in order. What all lots through one pay of all parts through one is
-- the least, over the dates of expiry, of what began before the date and what the lots that expire after it hold.
-- Grain: one row per (customer_id, currency, payment_rank, drawing_rank) that moves money.

{%- set steps = range(1, 9) %}

with

lots as (
    select
        available_lots.*,
        coalesce(expires_at, timestamp '9999-01-01 00:00:00') as cut_at
    from {{ ref('int_settlement__available_lots') }} as available_lots
    where drawing_step is not null
),

parts as (select * from {{ ref('int_settlement__admitted_parts') }}),

-- Before the first of these dates nothing began, and every lot expires after it.
expiries as (
    select distinct customer_id, currency, drawing_step, cut_at
    from lots
    union all
    select distinct customer_id, currency, drawing_step, timestamp '0001-01-01 00:00:00' as cut_at
    from lots
),

supplies as (
    select
        lots.customer_id,
        lots.currency,
        lots.drawing_step,
        lots.drawing_rank,
        expiries.cut_at,
        sum(case when lots.cut_at > expiries.cut_at then lots.available_amount else 0 end) over (
            partition by lots.customer_id, lots.currency, lots.drawing_step, expiries.cut_at
            order by lots.drawing_rank
            rows between unbounded preceding and current row
        ) as amount
    from lots
    inner join expiries
        on
            lots.customer_id = expiries.customer_id
            and lots.currency = expiries.currency
            and lots.drawing_step = expiries.drawing_step
),

drawn_0 as (
    select distinct customer_id, currency, payment_rank, 0 as drawing_rank, cast(0 as decimal(38, 4)) as amount
    from parts
),
{% for step in steps %}
    left_{{ step }} as (
        select
            parts.customer_id,
            parts.currency,
            parts.payment_rank,
            parts.service_period_start,
            max(parts.amount) - sum(drawn.amount) as amount
        from parts
        inner join drawn_{{ step - 1 }} as drawn
            on
                parts.customer_id = drawn.customer_id
                and parts.currency = drawn.currency
                and parts.payment_rank = drawn.payment_rank
        where parts.drawing_step = {{ step }}
        group by parts.customer_id, parts.currency, parts.payment_rank, parts.service_period_start
    ),

    demands_{{ step }} as (
        select
            parts.customer_id,
            parts.currency,
            parts.payment_rank,
            expiries.cut_at,
            sum(case when parts.service_period_start < expiries.cut_at then parts.amount else 0 end) over (
                partition by parts.customer_id, parts.currency, expiries.cut_at
                order by parts.payment_rank
                rows between unbounded preceding and current row
            ) as amount
        from left_{{ step }} as parts
        inner join expiries
            on
                parts.customer_id = expiries.customer_id
                and parts.currency = expiries.currency
                and expiries.drawing_step = {{ step }}
    ),

    paid_through_{{ step }} as (
        select
            demands.customer_id,
            demands.currency,
            demands.payment_rank,
            supplies.drawing_rank,
            min(demands.amount + supplies.amount) as amount
        from demands_{{ step }} as demands
        inner join supplies
            on
                demands.customer_id = supplies.customer_id
                and demands.currency = supplies.currency
                and demands.cut_at = supplies.cut_at
                and supplies.drawing_step = {{ step }}
        group by demands.customer_id, demands.currency, demands.payment_rank, supplies.drawing_rank
    ),

    drawn_{{ step }} as (
        select * from drawn_{{ step - 1 }}
        union all
        select
            customer_id,
            currency,
            payment_rank,
            drawing_rank,
            amount - lag(amount, 1, 0) over (
                partition by customer_id, currency, drawing_rank order by payment_rank
            ) as amount
        from (
            select
                customer_id,
                currency,
                payment_rank,
                drawing_rank,
                amount - lag(amount, 1, 0) over (
                    partition by customer_id, currency, payment_rank order by drawing_rank
                ) as amount
            from paid_through_{{ step }}
        ) as paid_by_lot
    ),
{% endfor %}
draws as (
    select customer_id, currency, payment_rank, drawing_rank, cast(amount as decimal(20, 4)) as amount
    from drawn_8
    where amount > 0
)

select * from draws
