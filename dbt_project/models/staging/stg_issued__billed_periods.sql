-- R-REGISTER: the periods that earlier closes registered, in publications that are visible, each as it was registered last.
-- A due check belongs to no close yet: it sees every publication.
-- Grain: one row per (subscription_id, fee_family, period_starts_at).

with

publications as (
    select publication_sequence, close_sequence, close_date, cutoff_batch from {{ ref('stg_issued__publications') }}
),

registered as (
    select
        publication_sequence,
        subscription_id,
        fee_family,
        period_starts_at,
        period_ends_at,
        period_start_date,
        period_end_date,
        days,
        period_days,
        anchor_date,
        timezone,
        document_key,
        inputs_digest,
        coalesce(is_adjustment, false) as is_adjustment
    from {{ source('issued', 'billed_periods') }}
),

visible_before_the_run as (
    select
        registered.*,
        publications.close_sequence,
        publications.close_date,
        publications.cutoff_batch
    from registered
    inner join publications on registered.publication_sequence = publications.publication_sequence
),

adjusted as (
    select close_sequence, subscription_id, fee_family, period_starts_at, period_ends_at
    from visible_before_the_run
    where is_adjustment
),

-- A period that was computed again is registered again, under the document that billed it first; its bounds may have moved
-- outwards. No two periods overlap, so that the later row takes the place of those that it overlaps.
latest as (
    select
        visible.subscription_id,
        visible.fee_family,
        visible.period_starts_at,
        visible.period_ends_at,
        visible.period_start_date,
        visible.period_end_date,
        visible.days,
        visible.period_days,
        visible.anchor_date,
        visible.timezone,
        visible.document_key,
        visible.inputs_digest,
        visible.is_adjustment,
        visible.close_sequence,
        visible.close_date,
        visible.cutoff_batch
    from visible_before_the_run as visible
    left join adjusted
        on
            visible.subscription_id = adjusted.subscription_id
            and visible.fee_family = adjusted.fee_family
            and visible.close_sequence < adjusted.close_sequence
            and visible.period_starts_at < adjusted.period_ends_at
            and visible.period_ends_at > adjusted.period_starts_at
    where adjusted.subscription_id is null
)

select * from latest
