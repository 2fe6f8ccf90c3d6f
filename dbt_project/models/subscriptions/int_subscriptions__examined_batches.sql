-- R-REOPEN: through which batch of usage each billed subscription was looked at. A close that counted on a document that was
-- held and is discarded now has looked at nothing.
-- Grain: one row per subscription_id.

with

billed_periods as (
    select subscription_id, close_sequence, close_date, cutoff_batch from {{ ref('stg_issued__billed_periods') }}
),

discards as (
    select subscription_id, held_from_close, known_from_close from {{ ref('stg_issued__discards') }}
),

-- What closes found out while a document was held counted on it: once that is discarded, nothing stands of it.
upset as (
    select distinct billed_periods.subscription_id, billed_periods.close_sequence
    from billed_periods
    inner join discards
        on
            billed_periods.subscription_id = discards.subscription_id
            and billed_periods.close_sequence >= discards.held_from_close
            and billed_periods.close_sequence < discards.known_from_close
),

examined as (
    select
        billed_periods.subscription_id,
        coalesce(
            max(case when upset.subscription_id is null then billed_periods.cutoff_batch end), 0
        ) as examined_batch,
        -- Of any subscription: when the last close was.
        max(max(billed_periods.close_date)) over () as last_close_date
    from billed_periods
    left join upset
        on
            billed_periods.subscription_id = upset.subscription_id
            and billed_periods.close_sequence = upset.close_sequence
    group by billed_periods.subscription_id
)

select * from examined
