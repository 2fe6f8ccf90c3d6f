-- R-TOP-UP: the top-up rules that this close looks at, and the local day of the customer that their top-ups are billed for.
-- Grain: one row per top_up_rule_id.

with

looked_at as (select * from {{ ref('int_subscriptions__top_up_rules') }}),

tz_offsets as (
    select timezone, offset_starts_at, offset_ends_at, offset_seconds from {{ ref('stg_reference__tz_offsets') }}
),

bounding_dates as (
    select
        timezone,
        close_date as local_date,
        true as is_first
    from looked_at
    union
    select
        timezone,
        cast(close_date + interval '1' day as date) as local_date,
        false as is_first
    from looked_at
),

candidate_instants as (
    select
        bounding_dates.timezone,
        bounding_dates.is_first,
        tz_offsets.offset_ends_at,
        {{ day_start('bounding_dates.local_date', 'tz_offsets.offset_starts_at', 'tz_offsets.offset_seconds') }}
            as starts_at
    from bounding_dates
    inner join tz_offsets on bounding_dates.timezone = tz_offsets.timezone
),

local_days as (
    select
        timezone,
        min(case when is_first then starts_at end) as day_starts_at,
        min(case when not is_first then starts_at end) as day_ends_at
    from candidate_instants
    where starts_at < offset_ends_at
    group by timezone
),

dated as (
    select
        looked_at.row_number,
        looked_at.top_up_rule_id,
        looked_at.wallet_id,
        looked_at.customer_id,
        looked_at.billing_entity_code,
        looked_at.currency,
        looked_at.credit_rate,
        looked_at.trigger_type,
        looked_at.threshold_credits,
        looked_at.method,
        looked_at.paid_credits,
        looked_at.free_credits,
        looked_at.target_ongoing_balance,
        looked_at.grants_target_top_up,
        looked_at.minimum_amount,
        looked_at.maximum_amount,
        looked_at.description,
        local_days.day_starts_at,
        local_days.day_ends_at
    from looked_at
    inner join local_days on looked_at.timezone = local_days.timezone
)

select * from dated
