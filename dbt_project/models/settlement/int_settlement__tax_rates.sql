-- R-TAX: the rate of each tax in force on the close date: the company's own, of rows for one day the last recorded; else that of
-- the reference data.
-- Grain: one row per tax_code.

with

running as (select close_date from {{ ref('stg_control__run') }}),

taxes as (
    select
        tax_code,
        tax_name,
        rate_percent,
        valid_from,
        valid_to,
        recorded_at,
        row_number,
        1 as source_rank
    from {{ ref('stg_catalog__taxes') }}
    union all
    select
        tax_code,
        tax_name,
        rate_percent,
        valid_from,
        valid_to,
        cast(null as timestamp) as recorded_at,
        0 as row_number,
        2 as source_rank
    from {{ ref('stg_reference__eu_vat_rates') }}
),

ranked as (
    select
        taxes.tax_code,
        taxes.tax_name,
        taxes.rate_percent as tax_rate,
        row_number() over (
            partition by taxes.tax_code
            order by taxes.source_rank, taxes.recorded_at desc nulls last, taxes.row_number desc
        ) as source_order
    from taxes
    inner join running
        on
            taxes.valid_from <= running.close_date
            and (running.close_date < taxes.valid_to or taxes.valid_to is null)
),

in_force as (
    select
        tax_code,
        tax_name,
        tax_rate
    from ranked
    where source_order = 1
)

select * from in_force
