-- R-CATALOG: the metrics to whose fees wallets are limited, of the running catalog version.
-- Grain: one row per (wallet_id, metric_code).

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

catalog_rows as (
    select catalog_version, wallet_id, metric_code from {{ source('catalog', 'wallet_targets') }}
),

known_to_the_run as (
    select catalog_rows.wallet_id, catalog_rows.metric_code
    from catalog_rows
    inner join running on catalog_rows.catalog_version = running.catalog_version
)

select * from known_to_the_run
