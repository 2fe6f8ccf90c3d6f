-- R-PRICE-ROW: which row prices a subscription's charge on which local dates: the dates between two changes of the row.
-- Grain: one row per (subscription_id, price_kind, charge_code, span_start_date); charge_code NULL is the plan's base fee.

with

price_rows as (
    select
        subscription_id,
        price_kind,
        charge_code,
        price_row_number,
        price_row_key,
        in_force_from,
        in_force_to,
        precedence
    from {{ ref('int_subscriptions__price_rows') }}
),

change_dates as (
    select subscription_id, price_kind, charge_code, in_force_from as changes_on
    from price_rows
    union
    select subscription_id, price_kind, charge_code, in_force_to as changes_on
    from price_rows
),

pieces as (
    select
        subscription_id,
        price_kind,
        charge_code,
        changes_on as piece_start_date,
        lead(changes_on) over (
            partition by subscription_id, price_kind, charge_code
            order by changes_on
        ) as piece_end_date
    from change_dates
),

first_in_force as (
    select
        pieces.subscription_id,
        pieces.price_kind,
        pieces.charge_code,
        pieces.piece_start_date,
        pieces.piece_end_date,
        price_rows.price_row_number,
        price_rows.price_row_key,
        row_number() over (
            partition by pieces.subscription_id, pieces.price_kind, pieces.charge_code, pieces.piece_start_date
            order by price_rows.precedence
        ) as rank_in_force
    from pieces
    inner join price_rows
        on
            pieces.subscription_id = price_rows.subscription_id
            and pieces.price_kind = price_rows.price_kind
            and pieces.charge_code is not distinct from price_rows.charge_code
            and pieces.piece_start_date >= price_rows.in_force_from
            and pieces.piece_end_date <= price_rows.in_force_to
),

-- Pieces that touch and have the same row are one span: a correction of other dates cuts nothing.
marked as (
    select
        subscription_id,
        price_kind,
        charge_code,
        piece_start_date,
        piece_end_date,
        price_row_number,
        price_row_key,
        case
            when
                lag(piece_end_date) over (
                    partition by subscription_id, price_kind, charge_code
                    order by piece_start_date
                ) = piece_start_date
                and lag(price_row_number) over (
                    partition by subscription_id, price_kind, charge_code
                    order by piece_start_date
                ) = price_row_number
                then 0
            else 1
        end as is_new_span
    from first_in_force
    where rank_in_force = 1
),

numbered as (
    select
        subscription_id,
        price_kind,
        charge_code,
        piece_start_date,
        piece_end_date,
        price_row_number,
        price_row_key,
        sum(is_new_span) over (
            partition by subscription_id, price_kind, charge_code
            order by piece_start_date
        ) as span_number
    from marked
),

spans as (
    select
        subscription_id,
        price_kind,
        charge_code,
        price_row_number,
        price_row_key,
        min(piece_start_date) as span_start_date,
        max(piece_end_date) as span_end_date
    from numbered
    group by subscription_id, price_kind, charge_code, price_row_number, price_row_key, span_number
)

select * from spans
