-- R-ONE-OFF: the one-off fees of the running catalog version, manual lines among them; what a fee leaves blank its add-on says.
-- Grain: one row per one_off_fee_id.

with

running as (select catalog_version from {{ ref('stg_control__run') }}),

add_ons as (
    select catalog_version, add_on_code, add_on_name, unit_amount, currency, pack_units
    from {{ source('catalog', 'add_ons') }}
),

one_off_fees as (
    select
        catalog_version,
        row_number,
        one_off_fee_id,
        customer_id,
        add_on_code,
        billed_on,
        units,
        unit_amount,
        currency,
        description
    from {{ source('catalog', 'one_off_fees') }}
),

manual_lines as (
    select
        catalog_version,
        row_number,
        manual_line_id,
        customer_id,
        billed_on,
        amount,
        currency,
        description,
        reason,
        author
    from {{ source('catalog', 'manual_lines') }}
),

completed as (
    select
        one_off_fees.row_number,
        one_off_fees.one_off_fee_id,
        one_off_fees.customer_id,
        one_off_fees.add_on_code,
        one_off_fees.billed_on,
        one_off_fees.units,
        coalesce(one_off_fees.unit_amount, add_ons.unit_amount) as unit_amount,
        coalesce(one_off_fees.currency, add_ons.currency) as currency,
        add_ons.pack_units,
        coalesce(one_off_fees.description, add_ons.add_on_name) as description,
        'add_on' as fee_type,
        cast(null as decimal(20, 4)) as manual_amount,
        cast(null as varchar) as reason,
        cast(null as varchar) as author
    from one_off_fees
    inner join running on one_off_fees.catalog_version = running.catalog_version
    inner join add_ons
        on
            one_off_fees.catalog_version = add_ons.catalog_version
            and one_off_fees.add_on_code = add_ons.add_on_code
    union all
    select
        manual_lines.row_number,
        manual_lines.manual_line_id as one_off_fee_id,
        manual_lines.customer_id,
        cast(null as varchar) as add_on_code,
        manual_lines.billed_on,
        cast(1 as decimal(24, 9)) as units,
        cast(null as decimal(20, 12)) as unit_amount,
        manual_lines.currency,
        cast(null as decimal(24, 9)) as pack_units,
        manual_lines.description,
        'manual' as fee_type,
        manual_lines.amount as manual_amount,
        manual_lines.reason,
        manual_lines.author
    from manual_lines
    inner join running on manual_lines.catalog_version = running.catalog_version
)

select * from completed
