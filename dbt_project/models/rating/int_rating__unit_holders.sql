-- R-UNITS: who may have prepaid units of which metric: customers with a wallet in its units, and those who drew from one.
-- Grain: one row per (customer_id, metric_code).

with

holders as (
    select customer_id, metric_code
    from {{ ref('stg_catalog__wallets') }}
    where metric_code is not null
    union
    select customer_id, metric_code
    from {{ ref('stg_issued__unit_draws') }}
)

select * from holders
