-- R-BUCKET: what is left of each bucket by the start of service, the oldest first, in the order in which wallets pay it:
-- invoices of a customer and currency by entity and key, then the largest bucket.
-- Grain: one row per (document_key, bucket_rank, service_period_start) that is left to pay.

with

parts as (
    select
        payable_parts.*,
        bucket_caps.bucket_rank,
        bucket_caps.cap_amount
    from {{ ref('int_settlement__payable_parts') }} as payable_parts
    inner join {{ ref('int_settlement__bucket_caps') }} as bucket_caps
        on
            payable_parts.document_key = bucket_caps.document_key
            and payable_parts.scope_fee_type = bucket_caps.scope_fee_type
            and payable_parts.metric_code is not distinct from bucket_caps.metric_code
    where payable_parts.amount_unrounded > 0 and bucket_caps.cap_amount > 0
),

running_parts as (
    select
        parts.*,
        sum(amount_unrounded) over (
            partition by document_key, bucket_rank
            order by service_period_start
            rows between unbounded preceding and current row
        ) as through_unrounded,
        row_number() over (partition by document_key, bucket_rank order by service_period_start desc) = 1 as is_last
    from parts
),

-- A bucket's parts in turn, cut where the bucket ends, which the last one always reaches.
ends as (
    select
        running_parts.*,
        case
            when is_last then cap_amount
            else least(cap_amount, {{ round_to_minor_unit('through_unrounded', 'minor_unit') }})
        end as ends_at_amount
    from running_parts
),

amounts as (
    select
        ends.*,
        ends_at_amount - lag(ends_at_amount, 1, cast(0 as decimal(20, 4))) over (
            partition by document_key, bucket_rank order by service_period_start
        ) as amount
    from ends
),

buckets as (
    select
        document_key,
        customer_id,
        currency,
        bucket_rank,
        scope_fee_type,
        metric_code,
        service_period_start,
        cast(amount as decimal(20, 4)) as amount,
        cast(
            row_number() over (
                partition by customer_id, currency
                order by billing_entity_code, document_key, bucket_rank, service_period_start
            ) as integer
        ) as payment_rank
    from amounts
    where amount > 0
)

select * from buckets
