-- R-FEE: base fees, fixed charges, charges and their limits as the fees of a close, each rounded where its rule stands.
-- Grain: one row per line_key.

with

base_fees as (
    select
        base_fees.*,
        {{ round_to_minor_unit('base_fees.amount_unrounded', 'subscriptions.minor_unit') }} as amount,
        cast(null as varchar) as charge_code,
        cast(null as varchar) as filter_code,
        cast(null as varchar) as group_key
    from {{ ref('int_invoicing__base_fees') }} as base_fees
    inner join {{ ref('dim_subscriptions') }} as subscriptions
        on base_fees.subscription_id = subscriptions.subscription_id
),

charge_fees as (select * from {{ ref('int_invoicing__charge_fees') }}),

charge_limits as (
    select
        charge_limits.*,
        cast(null as varchar) as filter_code,
        cast(null as varchar) as group_key,
        charge_limits.period_starts_at as segment_starts_at
    from {{ ref('int_invoicing__charge_limits') }} as charge_limits
    where charge_limits.is_due
),

charge_names as (
    select charge_row_number, filter_code, position, display_name from {{ ref('stg_catalog__charge_prices') }}
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
    -- Between the base fee and the charges, whose position is a line of a file with a header.
    select
        subscription_id,
        fee_family,
        fee_type,
        charge_code,
        cast(null as varchar) as metric_code,
        filter_code,
        group_key,
        1 as position,
        fixed_charge_row_number as filter_position,
        cast(0 as bigint) as point_number,
        period_starts_at,
        segment_starts_at,
        segment_ends_at,
        cast(null as varchar) as event_id,
        line_key,
        description,
        quantity,
        quantity as priced_quantity,
        amount_unrounded,
        amount,
        price_details
    from {{ ref('int_invoicing__fixed_charge_fees') }}
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
        charge_limits.subscription_id,
        'usage' as fee_family,
        charge_limits.fee_type,
        charge_limits.charge_code,
        charge_limits.metric_code,
        charge_limits.filter_code,
        charge_limits.group_key,
        charge_limits.charge_row_number as position,
        0 as filter_position,
        cast(0 as bigint) as point_number,
        charge_limits.period_starts_at,
        charge_limits.segment_starts_at,
        charge_limits.period_ends_at as segment_ends_at,
        cast(null as varchar) as event_id,
        {{ line_key('charge_limits', 'charge_limits.fee_type') }} as line_key,
        charge_names.display_name
        || case charge_limits.fee_type when 'charge_true_up' then ': minimum' else ': maximum' end as description,
        cast(1 as decimal(38, 9)) as quantity,
        cast(1 as decimal(38, 9)) as priced_quantity,
        charge_limits.amount_unrounded,
        charge_limits.amount,
        charge_limits.price_details
    from charge_limits
    inner join charge_names
        on charge_limits.charge_row_number = charge_names.charge_row_number and charge_names.filter_code is null
)

select * from fees
