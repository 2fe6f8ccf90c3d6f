-- R-STEP: what each charge segment has a fee for. Without group keys that is the default price and every filter, with usage
-- or without; with group keys, the tuples that occur.
-- Grain: one row per (subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at).

with

billable_charges as (
    select
        subscription_id,
        charge_code,
        period_starts_at,
        segment_starts_at,
        charge_row_number,
        pricing_group_keys,
        is_pay_in_advance,
        period_days,
        -- In arrears a later segment begins with what is taken off; in advance a period begins with the state that it bills.
        case
            when is_pay_in_advance then is_recurring
            else segment_starts_at > period_starts_at
        end as is_start_a_point
    from {{ ref('int_metering__billable_charges') }}
    where needs_events
),

prices as (select charge_row_number, filter_code from {{ ref('stg_catalog__charge_prices') }}),

stepped_events as (
    select subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at, event_at
    from {{ ref('int_metering__stepped_events') }}
    where pricing_group_keys is not null
),

groups_that_occur as (
    select
        subscription_id,
        charge_code,
        filter_code,
        group_key,
        period_starts_at,
        segment_starts_at,
        min(event_at) as first_event_at
    from stepped_events
    group by subscription_id, charge_code, filter_code, group_key, period_starts_at, segment_starts_at
),

tuples as (
    select
        billable_charges.subscription_id,
        billable_charges.charge_code,
        prices.filter_code,
        cast(null as varchar) as group_key,
        billable_charges.period_starts_at,
        billable_charges.segment_starts_at,
        billable_charges.is_pay_in_advance,
        billable_charges.period_days,
        billable_charges.is_start_a_point
    from billable_charges
    inner join prices on billable_charges.charge_row_number = prices.charge_row_number
    where billable_charges.pricing_group_keys is null
    union all
    select
        billable_charges.subscription_id,
        billable_charges.charge_code,
        groups_that_occur.filter_code,
        groups_that_occur.group_key,
        billable_charges.period_starts_at,
        billable_charges.segment_starts_at,
        billable_charges.is_pay_in_advance,
        billable_charges.period_days,
        -- A tuple that first occurs inside the segment had no fee before, so there is nothing to take off.
        billable_charges.is_start_a_point
        and groups_that_occur.first_event_at < billable_charges.segment_starts_at as is_start_a_point
    from billable_charges
    inner join groups_that_occur
        on
            billable_charges.subscription_id = groups_that_occur.subscription_id
            and billable_charges.charge_code = groups_that_occur.charge_code
            and billable_charges.period_starts_at = groups_that_occur.period_starts_at
            and billable_charges.segment_starts_at = groups_that_occur.segment_starts_at
)

select * from tuples
