-- R-PRICE: each quantity with the amount that its charge model gives it. A quantity that none can price stops the close by name.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, point_number).

with

-- One charge model, one branch: a new one is a file in charge_models/ and a line here.
amounts as (
    select * from {{ ref('int_rating__standard') }}
    union all
    select * from {{ ref('int_rating__graduated') }}
    union all
    select * from {{ ref('int_rating__graduated_prorated') }}
    union all
    select * from {{ ref('int_rating__package') }}
    union all
    select * from {{ ref('int_rating__volume') }}
    union all
    select * from {{ ref('int_rating__percentage') }}
    union all
    select * from {{ ref('int_rating__given_amounts') }}
),

priced as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        segment_ends_at,
        point_number,
        charge_row_number,
        metric_code,
        is_pay_in_advance,
        event_key,
        transaction_id,
        quantity,
        rated_quantity,
        {{ value_or_error(
            'case when abs(amount_unrounded) < 10000000000000000 then amount_unrounded end',
            amount_fault('charge_code', 'subscription_id'),
            'decimal(38, 21)'
        ) }} as amount_unrounded,
        price_details
    from amounts
)

select * from priced
