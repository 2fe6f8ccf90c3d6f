-- R-ADJUST: of each base period whose fee was corrected, by the latest close that computed it again, in publications that are
-- visible: what of the difference was netted with other fees, so that no line or note of the fee itself says it.
-- Grain: one row per (subscription_id, period_ends_at).

with

publications as (select publication_sequence, close_sequence from {{ ref('stg_issued__publications') }}),

registered as (
    select
        billed_periods.publication_sequence,
        billed_periods.subscription_id,
        billed_periods.period_starts_at,
        billed_periods.period_ends_at,
        row_number() over (
            partition by billed_periods.subscription_id, billed_periods.period_ends_at
            order by publications.close_sequence desc
        ) as age_rank
    from {{ source('issued', 'billed_periods') }} as billed_periods
    inner join publications on billed_periods.publication_sequence = publications.publication_sequence
    where billed_periods.fee_family = 'base'
),

differences as (
    select publication_sequence, subscription_id, period_starts_at, difference_amount
    from {{ source('issued', 'adjustments') }}
    where fee_family = 'base' and handling in ('credit_note', 'none')
),

credits as (
    select
        credit_note_lines.publication_sequence,
        credit_note_lines.subscription_id,
        invoice_lines.service_period_start,
        credit_note_lines.amount
    from {{ source('issued', 'credit_note_lines') }} as credit_note_lines
    inner join {{ source('issued', 'invoice_lines') }} as invoice_lines
        on
            credit_note_lines.invoice_number = coalesce(invoice_lines.invoice_number, invoice_lines.document_key)
            and credit_note_lines.invoice_line_number = invoice_lines.line_number
    where invoice_lines.fee_type = 'subscription' and {{ is_note_of_a_correction('credit_note_lines.cause') }}
),

parts as (
    select
        registered.subscription_id,
        registered.period_ends_at,
        differences.difference_amount as amount
    from registered
    inner join differences
        on
            registered.publication_sequence = differences.publication_sequence
            and registered.subscription_id = differences.subscription_id
            and registered.period_starts_at = differences.period_starts_at
    where registered.age_rank = 1
    union all
    select
        registered.subscription_id,
        registered.period_ends_at,
        credits.amount
    from registered
    inner join credits
        on
            registered.publication_sequence = credits.publication_sequence
            and registered.subscription_id = credits.subscription_id
            and registered.period_starts_at <= credits.service_period_start
            and registered.period_ends_at > credits.service_period_start
    where registered.age_rank = 1
),

corrections as (
    select
        subscription_id,
        period_ends_at,
        cast(sum(amount) as decimal(20, 4)) as amount
    from parts
    group by subscription_id, period_ends_at
)

select * from corrections
