-- R-TAX: the rate of each tax in force on the close date; of rows for one day the last recorded.
-- Grain: one row per tax_code.

with

running as (select close_date from {{ ref('stg_control__run') }}),

taxes as (
    select row_number, tax_code, tax_name, rate_percent, valid_from, valid_to, recorded_at
    from {{ ref('stg_catalog__taxes') }}
),

ranked as (
    select
        taxes.tax_code,
        taxes.tax_name,
        taxes.rate_percent as tax_rate,
        row_number() over (
            partition by taxes.tax_code
            order by taxes.recorded_at desc, taxes.row_number desc
        ) as recording_rank
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
    where recording_rank = 1
)

select * from in_force
