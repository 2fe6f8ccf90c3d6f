-- R-ONE-OFF: what each one-off fee of this close comes to, rounded once. An add-on sold in packs is sold by the whole pack: units
-- asked for are rounded up to packs, and the price is that of a pack. A manual line is the amount that its row says.
-- Grain: one row per line_key.

with

fees as (
    select
        one_off_fees.row_number,
        one_off_fees.one_off_fee_id,
        one_off_fees.customer_id,
        one_off_fees.payer_customer_id,
        one_off_fees.billing_entity_code,
        one_off_fees.add_on_code,
        one_off_fees.day_starts_at as segment_starts_at,
        one_off_fees.day_ends_at as segment_ends_at,
        one_off_fees.units,
        one_off_fees.unit_amount,
        one_off_fees.currency,
        one_off_fees.pack_units,
        one_off_fees.description,
        one_off_fees.fee_type,
        one_off_fees.manual_amount,
        one_off_fees.reason,
        one_off_fees.author,
        one_off_fees.line_key,
        currencies.minor_unit
    from {{ ref('fct_one_off_fees') }} as one_off_fees
    inner join {{ ref('stg_reference__currencies') }} as currencies on one_off_fees.currency = currencies.currency
),

counted as (
    select
        fees.*,
        case
            when pack_units is null then cast(units as decimal(38, 9))
            when units = 0 then cast(0 as decimal(38, 9))
            else cast({{ started_packages('units', 'pack_units') }} as decimal(38, 9))
        end as quantity
    from fees
),

priced as (
    select
        counted.*,
        case
            when fee_type = 'manual' then cast(manual_amount as decimal(38, 21))
            else cast(cast(quantity as decimal(24, 9)) * unit_amount as decimal(38, 21))
        end as amount_unrounded
    from counted
),

rounded as (
    select
        cast(null as varchar) as subscription_id,
        fee_type,
        add_on_code as charge_code,
        cast(null as varchar) as metric_code,
        cast(null as varchar) as filter_code,
        cast(null as varchar) as group_key,
        row_number as position,
        0 as filter_position,
        cast(0 as bigint) as point_number,
        segment_starts_at,
        segment_ends_at,
        cast(null as varchar) as event_id,
        line_key,
        description,
        quantity,
        quantity as priced_quantity,
        amount_unrounded,
        {{ round_to_minor_unit('amount_unrounded', 'minor_unit') }} as amount,
        case
            when fee_type = 'manual'
                then
                    '{"model":"manual","manual_line_id":' || {{ json_quoted('one_off_fee_id') }}
                    || ',"reason":' || {{ json_quoted('reason') }} || ',"author":' || {{ json_quoted('author') }} || '}'
            else
                '{"model":"add_on","one_off_fee_id":' || {{ json_quoted('one_off_fee_id') }}
                || ',"unit_amount":"' || {{ decimal_text('unit_amount') }}
                || '","units":"' || {{ decimal_text('units') }} || '"' || case
                    when pack_units is not null then ',"pack_units":"' || {{ decimal_text('pack_units') }} || '"'
                    else ''
                end || '}'
        end as price_details,
        cast(null as varchar) as cause,
        cast(null as varchar) as original_invoice_number,
        cast(null as varchar) as original_tax_codes,
        'one_off' as invoice_type,
        customer_id,
        payer_customer_id,
        billing_entity_code,
        currency,
        minor_unit
    from priced
)

select * from rounded
