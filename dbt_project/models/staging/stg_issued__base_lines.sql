-- R-BASE: the base fees that earlier closes issued, and adjustments of them, in publications that are visible, each with the
-- period that it bills, as that was registered last.
-- Grain: one row per (invoice_number, line_number).

with

publications as (select publication_sequence from {{ ref('stg_issued__publications') }}),

base_lines as (
    select
        publication_sequence,
        coalesce(invoice_number, document_key) as invoice_number,
        line_number,
        subscription_id,
        description,
        service_period_start,
        amount,
        tax_codes,
        tax_rate,
        price_details,
        original_invoice_number is not null as is_adjustment
    from {{ source('issued', 'invoice_lines') }}
    where fee_type = 'subscription'
),

base_periods as (
    select subscription_id, period_starts_at, period_ends_at, period_start_date, period_end_date
    from {{ ref('stg_issued__billed_periods') }}
    where fee_family = 'base'
),

visible_before_the_run as (
    select
        base_lines.invoice_number,
        base_lines.line_number,
        base_lines.subscription_id,
        base_lines.description,
        base_lines.service_period_start,
        base_lines.amount,
        base_lines.tax_codes,
        base_lines.tax_rate,
        base_lines.price_details,
        base_lines.is_adjustment,
        base_periods.period_starts_at,
        base_periods.period_ends_at,
        base_periods.period_start_date,
        base_periods.period_end_date
    from base_lines
    inner join publications on base_lines.publication_sequence = publications.publication_sequence
    inner join base_periods
        on
            base_lines.subscription_id = base_periods.subscription_id
            and base_lines.service_period_start >= base_periods.period_starts_at
            and base_lines.service_period_start < base_periods.period_ends_at
)

select * from visible_before_the_run
