-- R-RATE: the exact amount of every quantity, each by the charge model that its catalog row names.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at).

with

quantities as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        period_ends_at,
        charge_row_number,
        metric_code,
        quantity,
        event_count
    from {{ ref('fct_usage_quantities') }}
),

-- One charge model, one branch: a new one is a file in charge_models/ and a line here.
amounts as (
    select * from {{ ref('int_rating__standard') }}
    union all
    select * from {{ ref('int_rating__graduated') }}
    union all
    select * from {{ ref('int_rating__package') }}
),

rated as (
    select
        quantities.subscription_id,
        quantities.charge_code,
        quantities.filter_code,
        quantities.group_key,
        quantities.period_starts_at,
        quantities.period_ends_at,
        quantities.charge_row_number,
        quantities.metric_code,
        quantities.quantity,
        quantities.event_count,
        amounts.amount_unrounded,
        amounts.price_details
    from quantities
    inner join amounts
        on
            quantities.subscription_id = amounts.subscription_id
            and quantities.charge_code = amounts.charge_code
            and quantities.filter_code is not distinct from amounts.filter_code
            and quantities.group_key is not distinct from amounts.group_key
            and quantities.period_starts_at = amounts.period_starts_at
)

select * from rated
