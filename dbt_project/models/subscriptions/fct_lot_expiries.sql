-- R-EXPIRY: when each wallet lot that expires does so, and whether it has lapsed: its date has come, and no period that starts
-- before it is unbilled after this close, of those that the customer pays.
-- Grain: one row per lot_id.

with

running as (select close_date from {{ ref('stg_control__run') }}),

expiring_lots as (
    select lot_id, customer_id, expires_on, timezone from {{ ref('int_subscriptions__expiring_lots') }}
),

tz_offsets as (
    select timezone, offset_starts_at, offset_ends_at, offset_seconds from {{ ref('stg_reference__tz_offsets') }}
),

unbilled_periods as (
    select
        terms.payer_customer_id,
        min(scheduled_periods.period_starts_at) as first_starts_at
    from {{ ref('int_subscriptions__periods_ahead') }} as scheduled_periods
    inner join running on scheduled_periods.due_date > running.close_date
    inner join {{ ref('int_subscriptions__terms') }} as terms
        on scheduled_periods.subscription_id = terms.subscription_id
    group by terms.payer_customer_id
),

candidate_instants as (
    select
        expiring_lots.lot_id,
        expiring_lots.customer_id,
        expiring_lots.expires_on,
        tz_offsets.offset_ends_at,
        {{ day_start('expiring_lots.expires_on', 'tz_offsets.offset_starts_at', 'tz_offsets.offset_seconds') }}
            as starts_at
    from expiring_lots
    inner join tz_offsets on expiring_lots.timezone = tz_offsets.timezone
),

expiries as (
    select
        lot_id,
        customer_id,
        expires_on,
        min(starts_at) as expires_at
    from candidate_instants
    where starts_at < offset_ends_at
    group by lot_id, customer_id, expires_on
),

lapses as (
    select
        expiries.lot_id,
        expiries.expires_on,
        expiries.expires_at,
        expiries.expires_on <= running.close_date
        and coalesce(unbilled_periods.first_starts_at >= expiries.expires_at, true) as has_lapsed
    from expiries
    cross join running
    left join unbilled_periods on expiries.customer_id = unbilled_periods.payer_customer_id
)

select * from lapses
