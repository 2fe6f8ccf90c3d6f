-- Each draft invoice that bills a period of its own, with its payer's earlier totals, oldest first.
-- Grain: one row per draft invoice with enough history.
with earlier_publications as ({earlier_publications}),

drafts as (
    select invoices.document_key, invoices.payer_customer_id, invoices.currency, invoices.invoice_type,
        invoices.total_amount, invoices.close_date
    from settlement.fct_invoices as invoices
    where
        list_contains($invoice_types, invoices.invoice_type)
        and exists (
            select 1 from settlement.fct_settled_lines as lines
            where lines.document_key = invoices.document_key and lines.original_invoice_number is null
        )
),

earlier_invoices as (
    select invoices.payer_customer_id, invoices.currency, invoices.invoice_type, invoices.close_date,
        invoices.document_key, invoices.total_amount
    from issued.invoices as invoices
    inner join earlier_publications
        on invoices.publication_sequence = earlier_publications.publication_sequence
    where
        exists (
            select 1 from issued.invoice_lines as lines
            where
                lines.document_key = invoices.document_key
                and lines.publication_sequence = invoices.publication_sequence
                and lines.original_invoice_number is null
        )
),

histories as (
    select drafts.document_key, earlier_invoices.close_date, earlier_invoices.total_amount,
        row_number() over (
            partition by drafts.document_key
            order by earlier_invoices.close_date desc, earlier_invoices.document_key desc
        ) as nearness
    from drafts
    inner join earlier_invoices
        on
            drafts.payer_customer_id = earlier_invoices.payer_customer_id
            and drafts.currency = earlier_invoices.currency
            and drafts.invoice_type = earlier_invoices.invoice_type
),

kept as (
    select document_key,
        list(total_amount order by nearness desc) as history,
        list(close_date order by nearness desc) as history_dates
    from histories
    where nearness <= $history
    group by document_key
    having count(*) >= $minimum_history
),

with_median as (
    select drafts.*, kept.history, kept.history_dates,
        list_median(list_transform(kept.history, lambda total: cast(total as double))) as median_total
    from drafts
    inner join kept on drafts.document_key = kept.document_key
),

with_spread as (
    select *,
        1.4826 * list_median(
            list_transform(history, lambda total: abs(cast(total as double) - median_total))
        ) as spread,
        {smallest_change} as smallest_change
    from with_median
)

select with_spread.document_key, with_spread.payer_customer_id, customers.customer_name, with_spread.currency,
    coalesce(currencies.minor_unit, 2) as minor_unit, with_spread.invoice_type, with_spread.close_date,
    with_spread.total_amount as value,
    cast(with_spread.median_total as decimal(20, 4)) as median,
    cast(
        greatest(
            least(
                list_min(history), median_total * $lowest_ratio, median_total - $spreads * spread,
                median_total - smallest_change
            ),
            -- Of totals that are never negative, the range is not either.
            least(list_min(history), 0)
        ) as decimal(20, 4)
    ) as lowest,
    cast(
        greatest(
            list_max(history), median_total * $highest_ratio, median_total + $spreads * spread,
            median_total + smallest_change
        ) as decimal(20, 4)
    ) as highest,
    with_spread.history, with_spread.history_dates
from with_spread
left join catalog.customers as customers
    on with_spread.payer_customer_id = customers.customer_id and customers.catalog_version = $catalog_version
left join reference.currencies as currencies
    on
        with_spread.currency = currencies.currency
        and currencies.reference_version = (
            select max(versions.reference_version) from catalog.versions as versions
            where versions.catalog_version = $catalog_version
        )
order by with_spread.document_key
