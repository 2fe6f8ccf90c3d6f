-- R-FEE: base fees, charges and true-ups as the fees of a close, each rounded where its rule stands, the exact amount beside.
-- Grain: one row per line_key.

with

base_fees as (
    select
        base_fees.subscription_id,
        base_fees.period_starts_at,
        base_fees.segment_starts_at,
        base_fees.segment_ends_at,
        base_fees.description,
        base_fees.amount_unrounded,
        {{ round_to_minor_unit('base_fees.amount_unrounded', 'subscriptions.minor_unit') }} as amount,
        base_fees.price_details,
        cast(null as varchar) as charge_code,
        cast(null as varchar) as filter_code,
        cast(null as varchar) as group_key
    from {{ ref('int_invoicing__base_fees') }} as base_fees
    inner join {{ ref('dim_subscriptions') }} as subscriptions
        on base_fees.subscription_id = subscriptions.subscription_id
),

charge_names as (
    select charge_row_number, filter_code, position, display_name from {{ ref('stg_catalog__charge_prices') }}
),

charge_fees as (
    select
        subscription_id,
        fee_type,
        charge_code,
        metric_code,
        filter_code,
        group_key,
        charge_row_number,
        point_number,
        period_starts_at,
        segment_starts_at,
        segment_ends_at,
        event_id,
        line_key,
        quantity,
        priced_quantity,
        amount_unrounded,
        amount,
        price_details
    from {{ ref('int_invoicing__charge_fees') }}
),

true_ups as (
    select
        true_ups.*,
        cast(null as varchar) as filter_code,
        cast(null as varchar) as group_key,
        true_ups.period_starts_at as segment_starts_at
    from {{ ref('int_invoicing__charge_true_ups') }} as true_ups
),

fees as (
    select
        subscription_id,
        'base' as fee_family,
        'subscription' as fee_type,
        charge_code,
        cast(null as varchar) as metric_code,
        filter_code,
        group_key,
        0 as position,
        0 as filter_position,
        cast(0 as bigint) as point_number,
        period_starts_at,
        segment_starts_at,
        segment_ends_at,
        cast(null as varchar) as event_id,
        {{ line_key('base_fees', "'subscription'") }} as line_key,
        description,
        cast(1 as decimal(38, 9)) as quantity,
        cast(1 as decimal(38, 9)) as priced_quantity,
        amount_unrounded,
        amount,
        price_details
    from base_fees
    union all
    select
        charge_fees.subscription_id,
        'usage' as fee_family,
        charge_fees.fee_type,
        charge_fees.charge_code,
        charge_fees.metric_code,
        charge_fees.filter_code,
        charge_fees.group_key,
        charge_fees.charge_row_number as position,
        charge_names.position as filter_position,
        charge_fees.point_number,
        charge_fees.period_starts_at,
        charge_fees.segment_starts_at,
        charge_fees.segment_ends_at,
        charge_fees.event_id,
        charge_fees.line_key,
        charge_names.display_name as description,
        charge_fees.quantity,
        charge_fees.priced_quantity,
        charge_fees.amount_unrounded,
        charge_fees.amount,
        charge_fees.price_details
    from charge_fees
    inner join charge_names
        on
            charge_fees.charge_row_number = charge_names.charge_row_number
            and charge_fees.filter_code is not distinct from charge_names.filter_code
    union all
    select
        true_ups.subscription_id,
        'usage' as fee_family,
        'charge_true_up' as fee_type,
        true_ups.charge_code,
        true_ups.metric_code,
        true_ups.filter_code,
        true_ups.group_key,
        true_ups.charge_row_number as position,
        0 as filter_position,
        cast(0 as bigint) as point_number,
        true_ups.period_starts_at,
        true_ups.segment_starts_at,
        true_ups.period_ends_at as segment_ends_at,
        cast(null as varchar) as event_id,
        {{ line_key('true_ups', "'charge_true_up'") }} as line_key,
        charge_names.display_name || ': minimum' as description,
        cast(1 as decimal(38, 9)) as quantity,
        cast(1 as decimal(38, 9)) as priced_quantity,
        true_ups.amount_unrounded,
        true_ups.amount,
        true_ups.price_details
    from true_ups
    inner join charge_names
        on true_ups.charge_row_number = charge_names.charge_row_number and charge_names.filter_code is null
)

select * from fees
