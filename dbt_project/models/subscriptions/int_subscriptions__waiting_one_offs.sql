-- R-ONE-OFF: the one-off fees that no earlier close issued. The line issued for a fee is what registers it.
-- Grain: one row per one_off_fee_id.

with

one_off_fees as (
    select
        row_number,
        one_off_fee_id,
        customer_id,
        add_on_code,
        billed_on,
        units,
        unit_amount,
        currency,
        pack_units,
        description,
        fee_type,
        manual_amount,
        reason,
        author,
        -- A subscription's id stands before the first slash of every other line's key.
        '/' || fee_type || '/' || one_off_fee_id as line_key
    from {{ ref('stg_catalog__one_off_fees') }}
),

issued_lines as (
    select line_key
    from {{ ref('stg_issued__invoice_lines') }}
    where fee_type in ('add_on', 'manual')
),

waiting as (
    select one_off_fees.*
    from one_off_fees
    left join issued_lines on one_off_fees.line_key = issued_lines.line_key
    where issued_lines.line_key is null
)

select * from waiting
