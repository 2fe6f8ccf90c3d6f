-- R-NOTE: subtotal and tax of each note, rounded once each. The note that credits what was left of an invoice takes what is left
-- of its tax, and none takes more.
-- Grain: one row per document_key.

with

credited_lines as (
    select
        document_key,
        invoice_number,
        customer_id,
        subscription_id,
        reason,
        handling,
        currency,
        minor_unit,
        amount - coupon_amount as amount
    from {{ ref('int_settlement__discounted_credits') }}
),

line_taxes as (
    select
        document_key,
        sum(tax_amount_unrounded) as tax_amount_unrounded
    from {{ ref('int_settlement__credit_note_line_taxes') }}
    group by document_key
),

credited_before as (
    select
        invoice_number,
        sum(subtotal_amount) as subtotal_amount,
        sum(tax_amount) as tax_amount
    from {{ ref('stg_issued__credit_notes') }}
    group by invoice_number
),

invoices as (
    select
        invoice_number,
        customer_id,
        payer_customer_id,
        billing_entity_code,
        tax_amount,
        total_amount,
        prepaid_credit_amount,
        amount_due
    from {{ ref('stg_issued__invoices') }}
),

-- Under half a minor unit there is nothing to credit. All lines of a note are of one customer's use.
subtotals as (
    select
        document_key,
        invoice_number,
        subscription_id,
        reason,
        handling,
        currency,
        minor_unit,
        max(customer_id) as customer_id,
        cast(sum(amount) as decimal(20, 4)) as subtotal_amount
    from credited_lines
    group by document_key, invoice_number, subscription_id, reason, handling, currency, minor_unit
    having sum(amount) > 0
),

with_the_invoice as (
    select
        subtotals.document_key,
        subtotals.invoice_number,
        subtotals.subscription_id,
        subtotals.reason,
        subtotals.handling,
        coalesce(subtotals.customer_id, invoices.customer_id) as customer_id,
        subtotals.currency,
        subtotals.minor_unit,
        subtotals.subtotal_amount,
        invoices.payer_customer_id,
        invoices.billing_entity_code,
        invoices.total_amount as invoice_total_amount,
        invoices.prepaid_credit_amount as invoice_prepaid_credit_amount,
        invoices.amount_due as invoice_amount_due,
        invoices.total_amount - invoices.tax_amount - coalesce(credited_before.subtotal_amount, 0)
            as uncredited_subtotal_amount,
        invoices.tax_amount - coalesce(credited_before.tax_amount, 0) as uncredited_tax_amount,
        sum(subtotals.subtotal_amount) over (
            partition by subtotals.invoice_number
            order by subtotals.document_key
            rows between unbounded preceding and current row
        ) as subtotal_through,
        sum({{ round_to_minor_unit('coalesce(line_taxes.tax_amount_unrounded, 0)', 'subtotals.minor_unit') }}) over (
            partition by subtotals.invoice_number
            order by subtotals.document_key
            rows between unbounded preceding and current row
        ) as tax_through
    from subtotals
    inner join invoices on subtotals.invoice_number = invoices.invoice_number
    left join line_taxes on subtotals.document_key = line_taxes.document_key
    left join credited_before on subtotals.invoice_number = credited_before.invoice_number
),

bounded as (
    select
        with_the_invoice.*,
        case
            when subtotal_through = uncredited_subtotal_amount then uncredited_tax_amount
            else least(tax_through, uncredited_tax_amount)
        end as bounded_tax_through
    from with_the_invoice
),

totals as (
    select
        document_key,
        invoice_number,
        subscription_id,
        reason,
        handling,
        customer_id,
        payer_customer_id,
        billing_entity_code,
        currency,
        minor_unit,
        subtotal_amount,
        cast(
            bounded_tax_through - lag(bounded_tax_through, 1, cast(0 as decimal(20, 4))) over (
                partition by invoice_number
                order by document_key
            ) as decimal(20, 4)
        ) as tax_amount,
        invoice_total_amount,
        invoice_prepaid_credit_amount,
        invoice_amount_due
    from bounded
)

select * from totals
