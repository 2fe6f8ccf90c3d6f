-- R-MANUAL-CREDIT: the manual credits that this close issues: those whose day has come.
-- Grain: one row per manual_credit_id.

with

running as (select close_date from {{ ref('stg_control__run') }}),

due_credits as (
    select
        waiting.row_number,
        waiting.manual_credit_id,
        waiting.invoice_number,
        waiting.line_number,
        waiting.amount,
        waiting.handling,
        waiting.reason,
        waiting.author
    from {{ ref('int_subscriptions__waiting_credits') }} as waiting
    inner join running on waiting.credited_on <= running.close_date
)

select * from due_credits
