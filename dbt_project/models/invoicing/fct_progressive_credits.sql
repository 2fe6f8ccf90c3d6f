-- R-PROGRESSIVE: what the next invoice of a period has no room to credit, as what credit notes take off the lines of progressive
-- invoices, the newest first: of each invoice at most what it billed of the charge beyond those before it.
-- Grain: one row per (invoice_number, line_number).

with

excesses as (
    select
        subscription_id,
        charge_code,
        period_starts_at,
        invoice_type = 'subscription' as is_settled_now,
        excess_amount
    from {{ ref('int_invoicing__progressive_credits') }}
    where excess_amount > 0
),

progressive_lines as (
    select
        balances.*,
        excesses.excess_amount,
        greatest(balances.amount, 0) as left_amount,
        greatest(
            sum(balances.amount) over (
                partition by
                    balances.invoice_number,
                    balances.subscription_id,
                    balances.charge_code,
                    balances.is_settled_now,
                    balances.period_starts_at
            ), 0
        ) as invoice_amount,
        max(case when balances.fee_type = 'progressive_charge' then 1 else 0 end) over (
            partition by balances.invoice_number, balances.subscription_id, balances.charge_code
        ) as is_progressive_invoice
    from {{ ref('int_invoicing__progressive_balances') }} as balances
    inner join excesses
        on
            balances.subscription_id = excesses.subscription_id
            and balances.charge_code = excesses.charge_code
            and balances.is_settled_now = excesses.is_settled_now
            and balances.period_starts_at is not distinct from excesses.period_starts_at
),

-- Of each invoice no more than it billed, its lines in reverse order.
within_invoices as (
    select
        progressive_lines.*,
        {{ held_to_room(
            'left_amount',
            'invoice_amount',
            'invoice_number, subscription_id, charge_code, is_settled_now, period_starts_at'
        ) }} as creditable_amount
    from progressive_lines
    where is_progressive_invoice = 1
),

laid_out as (
    select
        *,
        coalesce(
            sum(creditable_amount) over (
                partition by subscription_id, charge_code, is_settled_now, period_starts_at
                order by close_sequence desc, invoice_number desc, line_number desc
                rows between unbounded preceding and 1 preceding
            ), 0
        ) as amount_before
    from within_invoices
),

credits as (
    select
        invoice_number,
        line_number,
        subscription_id,
        description,
        service_period_start,
        service_period_end,
        'progressive_billing' as cause,
        tax_codes,
        tax_rate,
        cast(least(creditable_amount, greatest(excess_amount - amount_before, 0)) as decimal(20, 4)) as amount
    from laid_out
)

select * from credits
where amount > 0
