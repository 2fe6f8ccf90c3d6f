-- R-ADVANCE: the fees of single events that earlier closes issued, in publications that are visible.
-- Grain: one row per line_key.

with

running as (select close_sequence from {{ ref('stg_control__run') }}),

publications as (select publication_sequence, close_sequence from {{ source('issued', 'publications') }}),

lines as (
    select
        publication_sequence,
        line_key,
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        service_period_start,
        amount
    from {{ source('issued', 'invoice_lines') }}
    where fee_type = 'charge_in_advance'
),

visible_before_the_run as (
    select
        lines.line_key,
        lines.subscription_id,
        lines.charge_code,
        lines.filter_code,
        lines.group_key,
        lines.service_period_start as segment_starts_at,
        lines.amount
    from lines
    inner join publications on lines.publication_sequence = publications.publication_sequence
    inner join running on publications.close_sequence < coalesce(running.close_sequence, 2147483647)
)

select * from visible_before_the_run
