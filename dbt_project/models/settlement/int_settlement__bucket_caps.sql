-- R-BUCKET: what wallets may pay of each bucket of an invoice (one fee type and metric), the largest first. Buckets are
-- rounded, and the largest takes what is then left of the total. What is below zero, and what credit notes pay, comes off from
-- the smallest bucket up.
-- Grain: one row per (document_key, bucket_rank).

with

used_notes as (
    select
        document_key,
        sum(amount) as amount
    from {{ ref('int_settlement__credit_note_uses') }}
    group by document_key
),

unpaid_invoices as (
    select
        invoice_totals.document_key,
        invoice_totals.total_amount,
        invoice_totals.total_amount - coalesce(used_notes.amount, 0) as unpaid_amount
    from {{ ref('int_settlement__invoice_totals') }} as invoice_totals
    left join used_notes on invoice_totals.document_key = used_notes.document_key
),

buckets as (
    select
        document_key,
        scope_fee_type,
        metric_code,
        minor_unit,
        sum(amount_unrounded) as bucket_unrounded
    from {{ ref('int_settlement__payable_parts') }}
    group by document_key, scope_fee_type, metric_code, minor_unit
),

rounded as (
    select
        buckets.document_key,
        buckets.scope_fee_type,
        buckets.metric_code,
        {{ round_to_minor_unit('buckets.bucket_unrounded', 'buckets.minor_unit') }} as rounded_amount,
        unpaid_invoices.total_amount,
        unpaid_invoices.unpaid_amount,
        row_number() over (
            partition by buckets.document_key
            order by buckets.bucket_unrounded desc, buckets.scope_fee_type, buckets.metric_code nulls first
        ) as bucket_rank
    from buckets
    inner join unpaid_invoices on buckets.document_key = unpaid_invoices.document_key
    where unpaid_invoices.unpaid_amount > 0
),

-- What rounding leaves of the total, up to a cent per bucket, is the largest's.
adjusted as (
    select
        rounded.*,
        greatest(rounded_amount, 0) + case
            when bucket_rank = 1 then total_amount - sum(rounded_amount) over (partition by document_key) else 0
        end as adjusted_amount
    from rounded
),

-- Laid end to end, they reach at least as far as the total: what is unpaid lies at the beginning.
ends as (
    select
        adjusted.*,
        sum(adjusted_amount) over (
            partition by document_key
            order by bucket_rank
            rows between unbounded preceding and current row
        ) as ends_at_amount
    from adjusted
),

caps as (
    select
        document_key,
        cast(bucket_rank as integer) as bucket_rank,
        scope_fee_type,
        metric_code,
        cast(
            least(greatest(ends_at_amount, 0), unpaid_amount)
            - least(greatest(ends_at_amount - adjusted_amount, 0), unpaid_amount) as decimal(20, 4)
        ) as cap_amount
    from ends
)

select * from caps
