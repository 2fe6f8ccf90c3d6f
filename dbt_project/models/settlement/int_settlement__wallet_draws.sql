-- R-WALLET: what each invoice draws from each lot. Lots in drawing order and invoices in settling order are laid end to end on
-- one scale of money per customer and currency; where a lot and an invoice overlap, the one pays for the other.
-- Grain: one row per (document_key, lot_id) that moves money.

with

available_lots as (
    select lot_id, wallet_id, lot_kind, customer_id, currency, available_amount, drawing_rank
    from {{ ref('int_settlement__available_lots') }}
),

used_notes as (
    select
        document_key,
        sum(amount) as amount
    from {{ ref('int_settlement__credit_note_uses') }}
    group by document_key
),

-- What credit notes have paid, prepaid credit does not pay again.
unpaid_invoices as (
    select
        invoice_totals.document_key,
        invoice_totals.customer_id,
        invoice_totals.currency,
        invoice_totals.billing_entity_code,
        invoice_totals.total_amount - coalesce(used_notes.amount, 0) as unpaid_amount
    from {{ ref('int_settlement__invoice_totals') }} as invoice_totals
    left join used_notes on invoice_totals.document_key = used_notes.document_key
),

lot_spans as (
    select
        lot_id,
        wallet_id,
        lot_kind,
        customer_id,
        currency,
        drawing_rank,
        available_amount,
        sum(available_amount) over (
            partition by customer_id, currency
            order by drawing_rank
            rows between unbounded preceding and current row
        ) as ends_at_amount
    from available_lots
),

invoice_spans as (
    select
        document_key,
        customer_id,
        currency,
        unpaid_amount,
        sum(unpaid_amount) over (
            partition by customer_id, currency
            order by billing_entity_code, document_key
            rows between unbounded preceding and current row
        ) as ends_at_amount
    from unpaid_invoices
    where unpaid_amount > 0
),

overlapping as (
    select
        invoice_spans.document_key,
        lot_spans.lot_id,
        lot_spans.wallet_id,
        lot_spans.lot_kind,
        lot_spans.customer_id,
        lot_spans.currency,
        lot_spans.drawing_rank,
        cast(
            least(lot_spans.ends_at_amount, invoice_spans.ends_at_amount)
            - greatest(
                lot_spans.ends_at_amount - lot_spans.available_amount,
                invoice_spans.ends_at_amount - invoice_spans.unpaid_amount
            ) as decimal(20, 4)
        ) as amount
    from lot_spans
    inner join invoice_spans
        on lot_spans.customer_id = invoice_spans.customer_id and lot_spans.currency = invoice_spans.currency
),

draws as (
    select
        document_key,
        lot_id,
        wallet_id,
        lot_kind,
        customer_id,
        currency,
        amount,
        cast(row_number() over (partition by document_key order by drawing_rank) as integer) as draw_number
    from overlapping
    where amount > 0
)

select * from draws
