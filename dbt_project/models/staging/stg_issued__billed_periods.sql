-- R-REGISTER: the periods that earlier closes registered, in publications that are visible.
-- A due check belongs to no close yet: it sees every publication.
-- Grain: one row per (subscription_id, fee_family, period_starts_at).

with

running as (select close_sequence from {{ ref('stg_control__run') }}),

publications as (select publication_sequence, close_sequence from {{ source('issued', 'publications') }}),

registered as (
    select
        publication_sequence,
        subscription_id,
        fee_family,
        period_starts_at,
        period_ends_at,
        period_start_date,
        period_end_date,
        inputs_digest
    from {{ source('issued', 'billed_periods') }}
),

visible_before_the_run as (
    select
        registered.subscription_id,
        registered.fee_family,
        registered.period_starts_at,
        registered.period_ends_at,
        registered.period_start_date,
        registered.period_end_date,
        registered.inputs_digest
    from registered
    inner join publications on registered.publication_sequence = publications.publication_sequence
    inner join running on publications.close_sequence < coalesce(running.close_sequence, 2147483647)
)

select * from visible_before_the_run
