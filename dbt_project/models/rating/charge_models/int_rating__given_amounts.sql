-- R-DYNAMIC: the amount is given: by the events of a dynamic charge, by a custom charge's own aggregation. Not rounded here.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, point_number).

with

quantities as (
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
        charge_model,
        metric_code,
        is_pay_in_advance,
        event_key,
        transaction_id,
        quantity,
        rated_quantity,
        given_amount_unrounded
    from {{ ref('fct_usage_quantities') }}
    where charge_model in ('dynamic', 'custom')
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
        given_amount_unrounded as amount_unrounded,
        '{"model":"' || charge_model || '","amount":"' || {{ decimal_text('given_amount_unrounded') }} || '"}'
            as price_details
    from quantities
)

select * from priced
