-- R-ONE-OFF: the one-off fees that this close bills, and the local day of the customer that each is billed for.
-- One recorded after its day was closed is billed by the next close, for its own day.
-- Grain: one row per one_off_fee_id.

with

running as (select close_date from {{ ref('stg_control__run') }}),

due_fees as (
    select
        waiting.row_number,
        waiting.one_off_fee_id,
        waiting.customer_id,
        waiting.add_on_code,
        waiting.billed_on,
        waiting.units,
        waiting.unit_amount,
        waiting.currency,
        waiting.pack_units,
        waiting.description,
        waiting.fee_type,
        waiting.manual_amount,
        waiting.reason,
        waiting.author,
        waiting.line_key
    from {{ ref('int_subscriptions__waiting_one_offs') }} as waiting
    inner join running on waiting.billed_on <= running.close_date
),

customers as (
    select customer_id, billing_entity_code, timezone, payer_customer_id from {{ ref('stg_catalog__customers') }}
),

billing_entities as (select billing_entity_code, timezone from {{ ref('stg_catalog__billing_entities') }}),

tz_offsets as (
    select timezone, offset_starts_at, offset_ends_at, offset_seconds from {{ ref('stg_reference__tz_offsets') }}
),

in_zones as (
    select
        due_fees.*,
        coalesce(customers.payer_customer_id, due_fees.customer_id) as payer_customer_id,
        customers.billing_entity_code,
        {{ customer_zone('customers', 'billing_entities') }} as timezone
    from due_fees
    inner join customers on due_fees.customer_id = customers.customer_id
    inner join billing_entities on customers.billing_entity_code = billing_entities.billing_entity_code
),

bounding_dates as (
    select timezone, billed_on as local_date from in_zones
    union
    select
        timezone,
        cast(billed_on + interval '1' day as date) as local_date
    from in_zones
),

candidate_instants as (
    select
        bounding_dates.timezone,
        bounding_dates.local_date,
        tz_offsets.offset_ends_at,
        {{ day_start('bounding_dates.local_date', 'tz_offsets.offset_starts_at', 'tz_offsets.offset_seconds') }}
            as starts_at
    from bounding_dates
    inner join tz_offsets on bounding_dates.timezone = tz_offsets.timezone
),

day_starts as (
    select
        timezone,
        local_date,
        min(starts_at) as starts_at
    from candidate_instants
    where starts_at < offset_ends_at
    group by timezone, local_date
),

dated as (
    select
        in_zones.row_number,
        in_zones.one_off_fee_id,
        in_zones.customer_id,
        in_zones.payer_customer_id,
        in_zones.billing_entity_code,
        in_zones.add_on_code,
        in_zones.billed_on,
        days.starts_at as day_starts_at,
        next_days.starts_at as day_ends_at,
        in_zones.units,
        in_zones.unit_amount,
        in_zones.currency,
        in_zones.pack_units,
        in_zones.description,
        in_zones.fee_type,
        in_zones.manual_amount,
        in_zones.reason,
        in_zones.author,
        in_zones.line_key
    from in_zones
    inner join day_starts as days
        on in_zones.timezone = days.timezone and in_zones.billed_on = days.local_date
    inner join day_starts as next_days
        on
            in_zones.timezone = next_days.timezone
            and cast(in_zones.billed_on + interval '1' day as date) = next_days.local_date
)

select * from dated
